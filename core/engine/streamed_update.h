#ifndef ENGRAM_CORE_ENGINE_STREAMED_UPDATE_H_
#define ENGRAM_CORE_ENGINE_STREAMED_UPDATE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/bank/bank_snapshot.h"
#include "core/engine/state_update.h"
#include "core/sweep/softmax_stream.h"
#include "core/transform/dynamics.h"

namespace engram {

// The update of one state from its stream: q' = post(sum_i p_i x_i). Without support, which
// TakeStreamedSupport returns. REQUIRES, here and below: the transformation of `dynamics` is softmax.
absl::StatusOr<StateUpdate> ComputeStreamedUpdate(const Dynamics& dynamics, const StreamedSoftmax& stream);

// A bound in Euclidean norm of the distance between `next` = ComputeStreamedUpdate(...).next, rounded to
// float32 or not, and the update of the same state in exact arithmetic.
double StreamedErrorBound(const Dynamics& dynamics, const StreamedSoftmax& stream,
                          absl::Span<const double> next);

// The rows with weight in a stream.
struct StreamedSupport {
  // Those of largest weight, by descending weight, then ascending id, and their weights.
  std::vector<Survivor> support;
  std::vector<double> weights;
  int64_t support_size = 0;  // Those left out included.
};
// REQUIRES: the stream was asked for at least `max_support` members.
StreamedSupport TakeStreamedSupport(const BankSnapshot& bank, const Dynamics& dynamics,
                                    const StreamedSoftmax& stream, int64_t max_support);

// sum_i p_i v_i [V], by segment and row. REQUIRES: the stream was asked for all members, if there are values.
std::vector<double> RecallStreamedValue(const BankSnapshot& bank, const Dynamics& dynamics,
                                        const StreamedSoftmax& stream);

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_STREAMED_UPDATE_H_
