#ifndef ENGRAM_BENCH_SERVICE_GOALS_H_
#define ENGRAM_BENCH_SERVICE_GOALS_H_

#include <string>
#include <vector>

namespace engram::bench {

// What the service should achieve, and what was measured: a value for each round.
struct Goal {
  enum class Kind { kAtMost, kAtLeast, kNone };

  std::string id;    // "S1", as in the list of goals.
  std::string what;  // With its unit, unless it is a ratio.
  Kind kind = Kind::kNone;
  double bound = 0;  // Of the median. Without one it is measured to explain another.
  std::vector<double> values;
};

// REQUIRES: values is not empty.
double Median(std::vector<double> values);

// Whether the median keeps the bound.
bool IsMet(const Goal& goal);

// For people: the median, its spread, the bound, and whether it is met.
std::string ToTable(const std::vector<Goal>& goals);

// For programs: every value.
std::string ToJson(const std::vector<Goal>& goals);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_SERVICE_GOALS_H_
