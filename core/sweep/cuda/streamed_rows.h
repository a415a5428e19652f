#ifndef ENGRAM_CORE_SWEEP_CUDA_STREAMED_ROWS_H_
#define ENGRAM_CORE_SWEEP_CUDA_STREAMED_ROWS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/sweep/softmax_stream.h"

namespace engram {

// The softmax updates of all states, streamed by the devices that have the bank, each its own rows, which it
// reads once for several states. An update does not depend on the other states, nor on rows that its state
// does not see. As many states are streamed at a time as `scratch_bytes` of a device's memory have room for,
// at least one. False: the patterns are too wide, or not all resident, and `updates` is undefined. Errors are
// those of Device::Check; after one nothing is at work any more.
absl::StatusOr<bool> StreamSoftmaxOnDevices(const BankSnapshot& bank, absl::Span<const StreamState> states,
                                            int64_t scratch_bytes, absl::Span<StreamedSoftmax> updates);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_STREAMED_ROWS_H_
