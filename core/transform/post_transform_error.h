#ifndef ENGRAM_CORE_TRANSFORM_POST_TRANSFORM_ERROR_H_
#define ENGRAM_CORE_TRANSFORM_POST_TRANSFORM_ERROR_H_

#include "absl/types/span.h"
#include "core/transform/post_transform_list.h"

namespace engram {

// A bound of |y(z) - y(z')| over all z' with |z - z'| <= error, y the post-transformation, in exact
// arithmetic. `z` [D] is finite, error >= 0.
double ErrorAfter(const PostTransform& post, absl::Span<const double> z, double beta, double error);

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_POST_TRANSFORM_ERROR_H_
