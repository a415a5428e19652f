#include "core/sweep/float_screen.h"

#include <Eigen/Core>
#include <cmath>

namespace engram {
namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using ColMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::ColMajor>;

double EuclideanNorm(absl::Span<const double> v) {
  double sum = 0;
  for (const double x : v) sum += x * x;
  return std::sqrt(sum);
}

}  // namespace

FloatScreen::FloatScreen(absl::Span<const SweepState> states, int64_t dim) : dim_(dim) {
  constexpr double kUnit = 0x1p-24;
  const double gamma = static_cast<double>(dim + 2) * kUnit / (1 - static_cast<double>(dim + 2) * kUnit);
  const double relative = 1.0001 * (gamma * (1 + kUnit) + kUnit);
  const double absolute = 2 * static_cast<double>(dim + 2) * 0x1p-149;
  states_.reserve(states.size() * dim);
  for (const SweepState& state : states) {
    const double norm = EuclideanNorm(state.state);
    int exponent = 0;
    std::frexp(norm, &exponent);  // norm = m 2^exponent with m in [1/2, 1); 0 for 0.
    const double scale = std::ldexp(1.0, exponent);
    for (const double component : state.state) states_.push_back(static_cast<float>(component / scale));
    scales_.push_back(scale);
    relative_errors_.push_back(relative * norm);
    absolute_errors_.push_back(absolute * scale);
  }
}

void FloatScreen::Score(const Segment& segment, int64_t begin, int64_t end,
                        std::vector<float>* scores) const {
  const auto batch = static_cast<int64_t>(scales_.size());
  scores->resize(batch * (end - begin));
  const Eigen::Map<const RowMajor> patterns(segment.patterns() + begin * dim_, end - begin, dim_);
  const Eigen::Map<const ColMajor> states(states_.data(), dim_, batch);
  Eigen::Map<ColMajor> product(scores->data(), end - begin, batch);
  product.noalias() = patterns * states;
}

}  // namespace engram
