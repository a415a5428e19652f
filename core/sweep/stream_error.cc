#include "core/sweep/stream_error.h"

#include <algorithm>
#include <cmath>

namespace engram {
namespace {

constexpr double kUnit = 0x1p-24;
constexpr double kSlack = 1.001;

double Gamma(double roundings) { return roundings * kUnit / (1 - roundings * kUnit); }

}  // namespace

double StreamErrorBound(const StreamRounding& rounding) {
  const auto dim = static_cast<double>(rounding.dim);
  const auto rows = static_cast<double>(rounding.row_count);
  const double double_operations = static_cast<double>(rounding.block_count) + 256;
  const double a = rounding.beta * rounding.state_norm * (Gamma(dim / 32 + 7) * (1 + kUnit) + kUnit);
  const double b = rounding.beta * rounding.scale * 2 * (dim + 2) * 0x1p-149;
  const double c = kUnit + 0x1p-40 + double_operations * 0x1p-50;
  const double e = kSlack * (a * rounding.largest_norm + b + c);
  const double root_mean_square = std::sqrt(rounding.mean_square);
  const double f = kSlack * ((Gamma(34) + double_operations * 0x1p-52) * root_mean_square +
                             rows * 0x1p-149 * std::sqrt(dim));
  const double trivial = kSlack * (2 * rounding.largest_norm) + f;
  if (!(e <= 0.5)) return trivial;
  const double at_least = std::max(0.0, rounding.combination_norm - f);
  const double spread =
      std::sqrt(std::max(0.0, rounding.mean_square * (1 + 0x1p-30) - at_least * at_least * (1 - 0x1p-40)));
  const double moved = std::exp(2 * e) * (a * root_mean_square + b + c) * spread;
  return std::min(trivial, kSlack * (moved + 0x1p-48 * rounding.largest_norm) + f);
}

}  // namespace engram
