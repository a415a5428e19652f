#ifndef ENGRAM_BENCH_PEERS_STOPWATCH_H_
#define ENGRAM_BENCH_PEERS_STOPWATCH_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace engram::bench {

// How long calls took.
struct Timing {
  double median_ms = 0;
  int64_t calls = 0;
  // CPU time of this process over elapsed time: 1 is one core.
  double cpu_share = 0;
};

// Runs body(i) for i = first, first + 1, ... until `duration` has passed; at least once.
absl::StatusOr<Timing> TimeCalls(absl::Duration duration, int64_t first,
                                 const std::function<absl::Status(int64_t)>& body);

// The value below which a `share` of `values` lies. REQUIRES: values is not empty, 0 <= share <= 1.
double Quantile(std::vector<double> values, double share);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_PEERS_STOPWATCH_H_
