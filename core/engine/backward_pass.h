#ifndef ENGRAM_CORE_ENGINE_BACKWARD_PASS_H_
#define ENGRAM_CORE_ENGINE_BACKWARD_PASS_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/engine/call.h"
#include "core/engine/trajectory.h"
#include "core/transform/dynamics.h"

namespace engram {

// Goes back through the updates of one query, last first: the vector-Jacobian product of a trajectory,
// gradients of <cotangent, q_n> + <value_cotangent, value of the last update> in double precision. Where the
// weights are not differentiable, at changes of the support, it is that of one side.
class BackwardPass {
 public:
  // `cotangent` [D]; `value_cotangent` [V] or empty for 0. REQUIRES: the trajectory has updates. All but
  // `cotangent` must outlive this.
  BackwardPass(const BankSnapshot& bank, const Dynamics& dynamics, const Trajectory& trajectory,
               absl::Span<const double> cotangent, absl::Span<const double> value_cotangent);

  // Goes back through some more updates, a bounded amount of work. True: through all of them.
  bool Continue();

  // What was found. REQUIRES: Continue() has returned true; called once.
  // INVALID_ARGUMENT: a gradient is larger than a double can be.
  absl::StatusOr<RetrievalGradient> Finish();

 private:
  // From the cotangent of what `update` made to that of the state that it began with. Adds the gradients with
  // respect to beta, patterns and values.
  void PullBack(const Trajectory::Update& update, absl::Span<const double> value_cotangent);
  // From the cotangent of post(z) to that of z.
  void PullBackPost(const Trajectory::Update& update);
  int64_t PlaceOf(uint64_t id) const;

  const BankSnapshot& bank_;
  const Dynamics& dynamics_;
  const Trajectory& trajectory_;
  const absl::Span<const double> value_cotangent_;
  const int64_t dim_;
  const int64_t value_dim_;
  std::vector<double> cotangent_;  // Of the state after update left_ - 1 [D].
  size_t left_;                    // Updates that are left.
  RetrievalGradient gradient_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_BACKWARD_PASS_H_
