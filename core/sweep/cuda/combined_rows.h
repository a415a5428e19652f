#ifndef ENGRAM_CORE_SWEEP_CUDA_COMBINED_ROWS_H_
#define ENGRAM_CORE_SWEEP_CUDA_COMBINED_ROWS_H_

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/sweep/sweeper.h"

namespace engram {

// sum_i weights[i] x_i [D] over `members`, at least one, in canonical order; see Sweeper::Combine. False:
// their patterns are not all resident on the same device.
absl::StatusOr<bool> CombineOnDevice(const BankSnapshot& bank, absl::Span<const Survivor> members,
                                     absl::Span<const double> weights, absl::Span<double> sum);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_COMBINED_ROWS_H_
