#ifndef ENGRAM_CORE_SWEEP_CUDA_DENSE_ROWS_H_
#define ENGRAM_CORE_SWEEP_CUDA_DENSE_ROWS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "core/sweep/cuda/resident_bank.h"
#include "core/sweep/sweeper.h"

namespace engram {

// The dense path on devices: every visible row with its canonical score, in any order, for the states whose
// indices into all_states and results `dense` has. REQUIRES: bank.has_patterns(). After an error the results
// are undefined.
absl::Status ScoreAllRowsOnDevices(const ResidentBank& bank, absl::Span<const SweepState> all_states,
                                   const std::vector<size_t>& dense, absl::Span<SweepResult> results);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DENSE_ROWS_H_
