#include "client/cli/plot_ticks.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/strings/str_format.h"
#include "client/cli/number_text.h"

namespace engram::cli {
namespace {

// Numbers beyond these are written with an exponent.
constexpr int kMostDecimals = 5;
constexpr double kLargestPlain = 1e6;
// Ranges below this share of their limits' size have no ticks that could be told apart.
constexpr double kResolution = 1e-9;

// The smallest of 1, 2, 5, 10, ... times a power of ten that is not below `step`, by a rounding error's
// allowance.
double RoundUpStep(double step) {
  const double power = std::pow(10.0, std::floor(std::log10(step)));
  for (double digit : {1.0, 2.0, 5.0}) {
    if (step <= digit * power * (1 + 1e-9)) return digit * power;
  }
  return 10 * power;
}

bool HasTicks(double from, double to) {
  return std::isfinite(from) && std::isfinite(to) &&
         to - from > kResolution * std::max(std::abs(from), std::abs(to));
}

// The only tick of a range that has no others.
std::vector<Tick> OneTick(double value) { return {{value, absl::StrFormat("%g", value)}}; }

std::string TickLabel(double value, double step) {
  const int decimals = std::max(0, static_cast<int>(-std::floor(std::log10(step) + 1e-9)));
  if (value == 0) return "0";
  if (decimals > kMostDecimals || std::abs(value) >= kLargestPlain) return absl::StrFormat("%g", value);
  return absl::StrFormat("%.*f", decimals, value);
}

std::vector<Tick> Multiples(double step, double from, double to) {
  // Limits that are multiples but for rounding count as such.
  const double slack = 1e-9 * (to - from) / step;
  std::vector<Tick> ticks;
  for (double i = std::ceil(from / step - slack); i <= to / step + slack; ++i) {
    const double value = i == 0 ? 0 : i * step;
    ticks.push_back({value, TickLabel(value, step)});
  }
  return ticks;
}

std::vector<Tick> PowersOfTen(double from, double to, int every, std::vector<double> digits) {
  std::vector<Tick> ticks;
  const int first = static_cast<int>(std::floor(std::log10(from)));
  for (int exponent = first; std::pow(10.0, exponent) <= to * (1 + 1e-9); ++exponent) {
    if (exponent % every != 0) continue;
    for (double digit : digits) {
      const double value = digit * std::pow(10.0, exponent);
      if (value >= from * (1 - 1e-9) && value <= to * (1 + 1e-9))
        ticks.push_back({value, absl::StrFormat("%g", value)});
    }
  }
  return ticks;
}

}  // namespace

std::vector<Tick> LinearTicks(double from, double to, int count) {
  if (!HasTicks(from, to)) return OneTick(from);
  double step = RoundUpStep((to - from) / count);
  std::vector<Tick> ticks = Multiples(step, from, to);
  while (ticks.size() < 2) {
    step = RoundUpStep(step / 2.5);  // The next smaller one.
    ticks = Multiples(step, from, to);
  }
  return ticks;
}

std::vector<Tick> WholeTicks(double from, double to, int count) {
  if (!HasTicks(from, to)) return OneTick(from);
  return Multiples(std::max(1.0, RoundUpStep((to - from) / count)), from, to);
}

std::vector<Tick> LogTicks(double from, double to, int count) {
  if (from <= 0 || !HasTicks(from, to)) return OneTick(from);
  const double decades = std::log10(to / from);
  const int every = std::max(1, static_cast<int>(std::ceil(decades / count)));
  std::vector<Tick> ticks = PowersOfTen(from, to, every, {1});
  if (every == 1 && decades * 3 <= count) ticks = PowersOfTen(from, to, 1, {1, 2, 5});
  return ticks.size() < 2 ? LinearTicks(from, to, count) : ticks;
}

}  // namespace engram::cli
