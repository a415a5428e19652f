#ifndef ENGRAM_CORE_SWEEP_CUDA_DENSE_ROWS_H_
#define ENGRAM_CORE_SWEEP_CUDA_DENSE_ROWS_H_

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/sweep/cuda/gpu.h"
#include "core/sweep/sweeper.h"

namespace engram {

// The dense path on a device: every visible row with its canonical score, in the order of the segments, for
// the states whose indices into all_states and results `dense` has. REQUIRES: segments with rows are
// resident, patterns and all. After an error the results are undefined.
absl::Status ScoreAllRowsOnDevice(Gpu* gpu, const BankSnapshot& bank, absl::Span<const SweepState> all_states,
                                  const std::vector<size_t>& dense, absl::Span<SweepResult> results);

// sum_i weights[i] x_i [D] over `members`, in canonical order; see Sweeper::Combine. False: a member's
// pattern is not resident.
absl::StatusOr<bool> CombineOnDevice(Gpu* gpu, const BankSnapshot& bank, absl::Span<const Survivor> members,
                                     absl::Span<const double> weights, absl::Span<double> sum);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DENSE_ROWS_H_
