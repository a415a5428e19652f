#ifndef ENGRAM_CLIENT_CLI_PLOT_TICKS_H_
#define ENGRAM_CLIENT_CLI_PLOT_TICKS_H_

#include <string>
#include <vector>

namespace engram::cli {

// A place on an axis that is worth a number.
struct Tick {
  double value = 0;
  std::string label;
};

// Between 2 and about `count` multiples of 1, 2 or 5 times a power of ten in [from, to], with as many
// decimals as tell them apart. One, at `from`, if the range is not finite, or is empty but for rounding.
// REQUIRES: count >= 2.
std::vector<Tick> LinearTicks(double from, double to, int count);

// As LinearTicks, but no fractions. At least one when [from, to] holds a whole number.
std::vector<Tick> WholeTicks(double from, double to, int count);

// Powers of ten in [from, to], not more than about `count` of them; with 2 and 5 times those where there
// is room, and LinearTicks where even these are less than two. One, at `from`, also if from <= 0.
// REQUIRES: count >= 2.
std::vector<Tick> LogTicks(double from, double to, int count);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PLOT_TICKS_H_
