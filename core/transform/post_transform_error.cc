#include "core/transform/post_transform_error.h"

#include <algorithm>
#include <cmath>

#include "core/transform/blocked_sum.h"

namespace engram {
namespace {

// |z - shift|.
double NormAround(absl::Span<const double> z, double shift) {
  double sum = 0;
  for (const double component : z) sum += (component - shift) * (component - shift);
  return std::sqrt(sum);
}

struct ErrorBounder {
  absl::Span<const double> z;
  double beta;
  double error;

  double sqrt_dim() const { return std::sqrt(static_cast<double>(z.size())); }

  double operator()(const IdentityPost&) const { return error; }

  // |z / |z| - z' / |z'|| <= 2 |z - z'| / (|z| + |z'|). (Dunkl, Williams, 1964, "A simple norm inequality".)
  double operator()(const L2Normalize&) const {
    const double norm = NormAround(z, 0);
    return norm > error ? std::min(2.0, 2 * error / (2 * norm - error)) : 2.0;
  }

  // The Jacobian has norm at most 1 / sqrt(var + eps), and no z' has a smaller deviation than this.
  double operator()(const LayerNorm& layer_norm) const {
    const double mean = BlockedSum(z) / static_cast<double>(z.size());
    const double least = std::max(0.0, NormAround(z, mean) * (1 - 0x1p-30) - error) / sqrt_dim();
    return std::min(2 * sqrt_dim(), error / std::sqrt(least * least + layer_norm.eps()));
  }

  // Its slope is at most beta.
  double operator()(const Tanh&) const { return std::min(2 * sqrt_dim(), beta * error); }

  // Components nearer to 0 than the error may have the other sign.
  double operator()(const Sign&) const {
    const auto unsure =
        std::count_if(z.begin(), z.end(), [this](double component) { return std::abs(component) <= error; });
    return 2 * std::sqrt(static_cast<double>(unsure));
  }
};

}  // namespace

double ErrorAfter(const PostTransform& post, absl::Span<const double> z, double beta, double error) {
  return std::visit(ErrorBounder{z, beta, error}, post);
}

}  // namespace engram
