#ifndef ENGRAM_TESTS_CORE_TRANSFORM_SCORE_CASES_H_
#define ENGRAM_TESTS_CORE_TRANSFORM_SCORE_CASES_H_

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace engram {

// Scores, descending, and how to get them again.
struct ScoreCase {
  std::string name;
  std::vector<double> scores;
};

inline constexpr uint64_t kScoreSeed = 4021;

// Scores of many sizes, scales and degrees of degeneracy; the same at every call.
inline std::vector<ScoreCase> ScoreCases(const std::vector<int64_t>& sizes) {
  std::vector<ScoreCase> cases;
  std::mt19937_64 random(kScoreSeed);
  std::normal_distribution<double> gaussian;
  const auto add = [&](const char* name, double parameter, int64_t size,
                       const std::function<double(int64_t)>& score) {
    ScoreCase made{absl::StrCat(name, " ", parameter, ", N=", size, ", seed ", kScoreSeed), {}};
    for (int64_t i = 0; i < size; ++i) made.scores.push_back(score(i));
    std::sort(made.scores.begin(), made.scores.end(), std::greater<double>());
    cases.push_back(std::move(made));
  };
  for (const int64_t size : sizes) {
    for (const double scale : {1e-300, 1e-8, 0.01, 0.3, 1.0, 10.0, 1e4, 1e9, 1e17}) {
      add("gaussian times", scale, size, [&](int64_t) { return scale * gaussian(random); });
    }
    for (const double offset : {-1e6, 1e6, 1e12, 1e16}) {
      add("gaussian plus", offset, size, [&](int64_t) { return offset + gaussian(random); });
    }
    for (const double grid : {0.25, 0.5, 1.0}) {
      add("gaussian on a grid of", grid, size,
          [&](int64_t) { return grid * std::round(gaussian(random) / grid); });
    }
    for (const double step : {1e-9, 0.01, 0.1, 1.0}) {
      add("steps of", step, size, [&](int64_t i) { return -step * static_cast<double>(i); });
    }
    double last = 0;
    add("pairs times", 0.5, size,
        [&](int64_t i) { return last = i % 2 == 0 ? 0.5 * gaussian(random) : last; });
    add("powers of", 0.5, size, [&](int64_t i) { return std::ldexp(1.0, -static_cast<int>(i)); });
    add("all equal", -3.7, size, [&](int64_t) { return -3.7; });
    add("one apart by", 0.7, size, [&](int64_t i) { return i == 0 ? 0.7 : 0.0; });
  }
  return cases;
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_TRANSFORM_SCORE_CASES_H_
