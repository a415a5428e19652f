#include "client/cli/plot_palette.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace engram::cli {
namespace {

struct Rgb {
  double red;
  double green;
  double blue;
};

constexpr const char* kSeries[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                   "#E69F00", "#56B4E9", "#F0E442"};
constexpr size_t kSeriesCount = sizeof kSeries / sizeof *kSeries;

// Blue, bluish green and orange of the same palette: none is nearly white or nearly black.
constexpr Rgb kLevels[] = {{0x00, 0x72, 0xB2}, {0x00, 0x9E, 0x73}, {0xE6, 0x9F, 0x00}};

int Between(double from, double to, double share) {
  return static_cast<int>(std::lround(from + share * (to - from)));
}

}  // namespace

std::string SeriesColor(size_t index) { return kSeries[index % kSeriesCount]; }

std::string LevelColor(double share) {
  const size_t segment = share < 0.5 ? 0 : 1;
  const double within = std::clamp(2 * share - static_cast<double>(segment), 0.0, 1.0);
  const Rgb& from = kLevels[segment];
  const Rgb& to = kLevels[segment + 1];
  return absl::StrFormat("#%02X%02X%02X", Between(from.red, to.red, within),
                         Between(from.green, to.green, within), Between(from.blue, to.blue, within));
}

}  // namespace engram::cli
