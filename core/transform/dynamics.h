#ifndef ENGRAM_CORE_TRANSFORM_DYNAMICS_H_
#define ENGRAM_CORE_TRANSFORM_DYNAMICS_H_

#include "core/transform/post_transform_list.h"
#include "core/transform/transform_list.h"

namespace engram {

// All parameters of a retrieval. Valid by construction: whoever makes one has checked the ranges that
// proto/engram/v1/dynamics.proto states.
struct Dynamics {
  // Inverse temperature, in [1e-30, 1e30].
  double beta = 1;
  // From scores to weights.
  Transform transform = *Entmax::Make(1.5);
  // From the combination of the patterns to the next state.
  PostTransform post_transform = IdentityPost();
  // Largest number of updates, 1 to 10,000.
  int max_iterations = 100;
  // A retrieval ends when no component moved by more than tolerance * max(1, |q|_inf); 0: never.
  double tolerance = 1e-6;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_DYNAMICS_H_
