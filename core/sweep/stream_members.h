#ifndef ENGRAM_CORE_SWEEP_STREAM_MEMBERS_H_
#define ENGRAM_CORE_SWEEP_STREAM_MEMBERS_H_

#include <vector>

#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/sweep/softmax_stream.h"

namespace engram {

// Counts the rows with weight and names as many of them as `state` asks for: sets `update->support_size` and
// `update->members`, given its `scale` and `largest`. `scores` has for each segment those of its rows,
// StreamedSoftmax::kInvisible for those that are not visible. Reads the scores once.
void FindStreamMembers(const BankSnapshot& bank, absl::Span<const std::vector<float>> scores,
                       const StreamState& state, StreamedSoftmax* update);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_STREAM_MEMBERS_H_
