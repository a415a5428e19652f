#ifndef ENGRAM_CORE_SWEEP_SWEEPER_COUNTS_H_
#define ENGRAM_CORE_SWEEP_SWEEPER_COUNTS_H_

#include <cstdint>

namespace engram {

// How well a backend could screen, since it was made. A backend that does not screen leaves them 0.
struct SweeperCounts {
  // States for which every row was scored exactly, because their cut keeps much of the bank.
  int64_t dense_states = 0;
  // Updates whose state is a pattern that was recalled before, so that what is near it was known.
  int64_t recalled_pattern_hits = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_SWEEPER_COUNTS_H_
