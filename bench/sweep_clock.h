#ifndef ENGRAM_BENCH_SWEEP_CLOCK_H_
#define ENGRAM_BENCH_SWEEP_CLOCK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace engram::bench {

// What all sweeps of a server took since it began, by its own clock.
struct SweepTotals {
  int64_t count = 0;
  double seconds = 0;
};

// Of the metrics that a server serves. INVALID_ARGUMENT: `text` has no such metrics.
absl::StatusOr<SweepTotals> ParseSweepTotals(absl::string_view text);

// Asks the server whose metrics are at http://127.0.0.1:`port`/metrics. UNAVAILABLE: nobody answers there.
absl::StatusOr<SweepTotals> ReadSweepTotals(int port);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_SWEEP_CLOCK_H_
