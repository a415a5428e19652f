#ifndef ENGRAM_CORE_TRANSFORM_POST_TRANSFORM_LIST_H_
#define ENGRAM_CORE_TRANSFORM_POST_TRANSFORM_LIST_H_

#include <array>
#include <variant>
#include <vector>

#include "absl/types/span.h"
#include "core/transform/identity_post.h"
#include "core/transform/l2_normalize.h"
#include "core/transform/layer_norm.h"
#include "core/transform/sign.h"
#include "core/transform/tanh.h"

namespace engram {

// The one list of post-transformations, applied to the state z = X^T p after each update: gradients y of a
// convex Psi*, so that updates lower the energy -Omega*(beta X q) / beta + Psi(q). To add one: its file, its
// name here, its case in server/parse_dynamics; property tests iterate over this list.
using PostTransform = std::variant<IdentityPost, L2Normalize, LayerNorm, Tanh, Sign>;

// Names of the alternatives above, in order: fields of engram.v1.PostTransformation.
inline constexpr std::array<const char*, std::variant_size_v<PostTransform>> kPostTransformNames = {
    "identity", "l2_normalize", "layer_norm", "tanh", "sign"};

// The name of an alternative, as in kPostTransformNames.
inline const char* NameOf(const PostTransform& post) { return kPostTransformNames[post.index()]; }

// y(z) [D] of the state z [D].
inline std::vector<double> Apply(const PostTransform& post, absl::Span<const double> z, double beta) {
  return std::visit([&](const auto& p) { return p.Apply(z, beta); }, post);
}
// Psi(q) of the state q [D]; +infinity outside its domain, which has a relative slack of 1e-6: states that
// clients got back rounded to float32 are inside.
inline double Potential(const PostTransform& post, absl::Span<const double> q, double beta) {
  return std::visit([&](const auto& p) { return p.Potential(q, beta); }, post);
}
// product = J g [D], where J is the symmetric Jacobian of y at z. `product` may be `g`.
inline void JacobianProduct(const PostTransform& post, absl::Span<const double> z, double beta,
                            absl::Span<const double> g, absl::Span<double> product) {
  std::visit([&](const auto& p) { p.JacobianProduct(z, beta, g, product); }, post);
}

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_POST_TRANSFORM_LIST_H_
