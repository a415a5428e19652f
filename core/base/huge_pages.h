#ifndef ENGRAM_CORE_BASE_HUGE_PAGES_H_
#define ENGRAM_CORE_BASE_HUGE_PAGES_H_

#include <cstddef>
#include <new>

namespace engram {

// Memory in pages of 2 MiB in place of 4 KiB: a sweep then needs few translations of addresses, prefetching
// does not stop at the end of a page, and new rows cause few page faults.
constexpr std::align_val_t kHugePage{size_t{2} << 20};

// Arrays of fewer bytes would leave much of their last huge page unused.
constexpr size_t kHugePagesFrom = size_t{8} << 20;

// Advice, which the system may not follow. REQUIRES: `memory` is aligned to kHugePage.
void AskForHugePages(void* memory, size_t bytes);

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_HUGE_PAGES_H_
