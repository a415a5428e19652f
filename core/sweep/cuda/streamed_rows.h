#ifndef ENGRAM_CORE_SWEEP_CUDA_STREAMED_ROWS_H_
#define ENGRAM_CORE_SWEEP_CUDA_STREAMED_ROWS_H_

#include "absl/status/statusor.h"
#include "core/bank/bank_snapshot.h"
#include "core/sweep/softmax_stream.h"

namespace engram {

// The softmax update of one state, streamed on a device in one read of its patterns. Does not depend on what
// else runs, nor on rows that are not visible. False: the patterns are too wide, or not all
// resident on the same device, and `update` is undefined.
absl::StatusOr<bool> StreamSoftmaxOnDevice(const BankSnapshot& bank, const StreamState& state,
                                           StreamedSoftmax* update);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_STREAMED_ROWS_H_
