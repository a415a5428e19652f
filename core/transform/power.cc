#include "core/transform/power.h"

#include <cassert>
#include <cmath>
#include <limits>

namespace engram {
namespace {

// More multiplications would cost more digits than the general power.
constexpr int kMaxWhole = 8;

// Each x becomes root(x) x^whole.
template <typename RootOf>
void RaiseEach(absl::Span<double> numbers, int whole, RootOf root) {
  switch (whole) {
    case 0:
      for (double& x : numbers) x = root(x);
      break;
    case 1:
      for (double& x : numbers) x = root(x) * x;
      break;
    case 2:
      for (double& x : numbers) x = root(x) * (x * x);
      break;
    default:
      for (double& x : numbers) {
        double power = root(x);
        for (int i = 0; i < whole; ++i) power *= x;
        x = power;
      }
  }
}

}  // namespace

Power::Power(double exponent) : exponent_(exponent) {
  assert(std::isfinite(exponent) && exponent >= 0);
  const double whole = std::floor(exponent);
  if (whole > kMaxWhole) return;
  // Exponents are quotients: one unit of rounding beside a third they still mean a third.
  const auto is_close = [&](double part) {
    return std::abs(exponent - whole - part) <= std::numeric_limits<double>::epsilon() * whole;
  };
  whole_ = static_cast<int>(whole);
  if (exponent == whole) root_ = Root::kNone;
  if (exponent - whole == 0.5) root_ = Root::kSquare;
  if (exponent - whole == 0.25) root_ = Root::kFourth;
  if (is_close(1.0 / 3)) root_ = Root::kCube;
}

void Power::Raise(absl::Span<double> numbers) const {
  switch (root_) {
    case Root::kNone:
      return RaiseEach(numbers, whole_, [](double) { return 1.0; });
    case Root::kSquare:
      return RaiseEach(numbers, whole_, [](double x) { return std::sqrt(x); });
    case Root::kCube:
      return RaiseEach(numbers, whole_, [](double x) { return std::cbrt(x); });
    case Root::kFourth:
      return RaiseEach(numbers, whole_, [](double x) { return std::sqrt(std::sqrt(x)); });
    case Root::kGeneral:
      for (double& x : numbers) x = std::pow(x, exponent_);
  }
}

}  // namespace engram
