#ifndef ENGRAM_TESTS_CORE_BANK_VISIBLE_PATTERNS_H_
#define ENGRAM_TESTS_CORE_BANK_VISIBLE_PATTERNS_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <vector>

#include "core/bank/bank_snapshot.h"

namespace engram {

// The patterns that a snapshot shows, by id.
inline std::map<uint64_t, std::vector<float>> Visible(const BankSnapshot& snapshot) {
  std::map<uint64_t, std::vector<float>> visible;
  for (int32_t s = 0; s < snapshot.segment_count(); ++s) {
    for (int32_t i = 0; i < snapshot.rows_in_segment(s); ++i) {
      if (!snapshot.Visible({s, i})) continue;
      const auto pattern = snapshot.pattern({s, i});
      EXPECT_TRUE(
          visible.emplace(snapshot.id({s, i}), std::vector<float>(pattern.begin(), pattern.end())).second)
          << "two visible rows have id " << snapshot.id({s, i});
    }
  }
  EXPECT_EQ(static_cast<int64_t>(visible.size()), snapshot.pattern_count());
  return visible;
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_BANK_VISIBLE_PATTERNS_H_
