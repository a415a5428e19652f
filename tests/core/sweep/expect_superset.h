#ifndef ENGRAM_TESTS_CORE_SWEEP_EXPECT_SUPERSET_H_
#define ENGRAM_TESTS_CORE_SWEEP_EXPECT_SUPERSET_H_

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <vector>

#include "core/sweep/sweeper.h"
#include "gtest/gtest.h"

namespace engram {

inline std::map<uint64_t, double> ScoresById(const SurvivorList& survivors) {
  std::map<uint64_t, double> scores;
  for (const Survivor& survivor : survivors) {
    EXPECT_TRUE(scores.emplace(survivor.id, survivor.score).second) << "row " << survivor.id << " twice";
  }
  return scores;
}

// Asserts that `survivors` hold every row of `reference` that the exact cut keeps, with the same bits.
inline void ExpectSuperset(const SurvivorList& survivors, const SurvivorList& reference, const Cut& cut) {
  const auto got = ScoresById(survivors);
  std::vector<double> exact;
  for (const Survivor& survivor : reference) exact.push_back(survivor.score);
  std::sort(exact.begin(), exact.end(), std::greater<double>());
  const double least = cut.From(exact);
  size_t found = 0;
  for (const Survivor& survivor : reference) {
    const auto it = got.find(survivor.id);
    if (it == got.end()) {
      EXPECT_LT(survivor.score, least) << "row " << survivor.id << " was lost";
      continue;
    }
    ++found;
    EXPECT_EQ(std::memcmp(&it->second, &survivor.score, sizeof(double)), 0) << "row " << survivor.id;
  }
  EXPECT_EQ(found, got.size()) << "a row that is not visible survived";
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_SWEEP_EXPECT_SUPERSET_H_
