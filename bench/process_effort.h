#ifndef ENGRAM_BENCH_PROCESS_EFFORT_H_
#define ENGRAM_BENCH_PROCESS_EFFORT_H_

#include <cstdint>

#include "absl/status/statusor.h"

namespace engram::bench {

// What a process has used up so far, as Linux counts it. Depends less on what else the machine does than
// time.
struct ProcessEffort {
  double cpu_us = 0;
  int64_t context_switches = 0;  // Of the threads that live; voluntary ones, those that wait for something.
};

// NOT_FOUND: /proc has no such process, or does not say.
absl::StatusOr<ProcessEffort> ReadProcessEffort(int pid);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_PROCESS_EFFORT_H_
