#ifndef ENGRAM_CORE_BANK_MEMORY_LACK_H_
#define ENGRAM_CORE_BANK_MEMORY_LACK_H_

#include <cstdint>

namespace engram {

// What memory was too short by when a bank was refused rows: at least so much must be freed before it is
// worth asking again. All 0: nobody knows.
struct MemoryLack {
  int64_t host_bytes = 0;   // Of the budget.
  int64_t device_rows = 0;  // That the device has no room for.
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_MEMORY_LACK_H_
