#include "server/allocator.h"

#include <algorithm>
#include <thread>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace engram {

void ReturnFreedMemory() {
#ifdef __GLIBC__
  // Setting them also keeps them from growing with every large allocation that is freed. Above the chunks of
  // uploads, of 1 MiB, and what is made of them: memory that comes from the system must be cleared.
  constexpr int kBytes = 2 << 20;
  mallopt(M_MMAP_THRESHOLD, kBytes);
  mallopt(M_TRIM_THRESHOLD, kBytes);
  // Each arena keeps a little, and by default there are four times as many.
  mallopt(M_ARENA_MAX, static_cast<int>(2 * std::max(1U, std::thread::hardware_concurrency())));
#endif
}

}  // namespace engram
