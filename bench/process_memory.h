#ifndef ENGRAM_BENCH_PROCESS_MEMORY_H_
#define ENGRAM_BENCH_PROCESS_MEMORY_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace engram::bench {

// Physical memory of a process, as Linux counts it.
struct ProcessMemory {
  int64_t resident_bytes = 0;
  int64_t peak_bytes = 0;  // The largest resident_bytes so far.
};

// NOT_FOUND: /proc has no such process, or does not say.
absl::StatusOr<ProcessMemory> ReadProcessMemory(int pid);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_PROCESS_MEMORY_H_
