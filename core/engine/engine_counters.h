#ifndef ENGRAM_CORE_ENGINE_ENGINE_COUNTERS_H_
#define ENGRAM_CORE_ENGINE_ENGINE_COUNTERS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "core/base/counter.h"
#include "core/base/histogram.h"
#include "core/engine/stop_rule.h"

namespace engram {

// What a query asks for.
enum class QueryKind { kRetrieve, kEnergy, kDifferentiate, kRecall, kSeparation };
inline constexpr const char* kQueryKindNames[] = {"retrieve", "energy", "differentiate", "recall",
                                                  "separation"};
inline constexpr size_t kQueryKinds = std::size(kQueryKindNames);

// Why a query ended. The first three are those of StopReason; kDone is the end of what has no stop rule.
enum class QueryEnd { kFixedPoint, kTolerance, kLimit, kDone, kCancelled, kDeadline, kFailed };
inline constexpr const char* kQueryEndNames[] = {"fixed_point", "tolerance", "limit", "done",
                                                 "cancelled",   "deadline",  "failed"};
inline constexpr size_t kQueryEnds = std::size(kQueryEndNames);

constexpr QueryEnd ToQueryEnd(StopReason reason) {
  switch (reason) {
    case StopReason::kFixedPoint:
      return QueryEnd::kFixedPoint;
    case StopReason::kTolerance:
      return QueryEnd::kTolerance;
    case StopReason::kLimit:
      break;
  }
  return QueryEnd::kLimit;
}

// Bounds of the histograms: sweeps or updates of one query, queries of one sweep, nanoseconds.
inline constexpr int64_t kStepBounds[] = {1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000};
inline constexpr int64_t kBatchBounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};
inline constexpr int64_t kNanosecondBounds[] = {
    1'000,         2'000,         5'000,         10'000,        20'000,      50'000,
    100'000,       200'000,       500'000,       1'000'000,     2'000'000,   5'000'000,
    10'000'000,    20'000'000,    50'000'000,    100'000'000,   200'000'000, 500'000'000,
    1'000'000'000, 2'000'000'000, 5'000'000'000, 10'000'000'000};

// What the sweeps of one lane have done. Two threads may count at a time, one in each lane: these have cache
// lines of their own.
struct alignas(64) LaneCounters {
  // Passes over a bank, exact and streamed (`arithmetic: FAST`).
  Counter exact_sweeps;
  Counter fast_sweeps;
  // Rows passed over, those that are no longer visible included, and their size in float32; once for each
  // sweep, however many queries it serves.
  Counter swept_rows;
  Counter swept_bytes;
  // Rows that sweeps gave to the queries which they served; of exact sweeps only.
  Counter survivors;
  Histogram sweep_queries{kBatchBounds};
  Histogram sweep_nanoseconds{kNanosecondBounds};
};

// What an engine has done since it was made. The engine adds, anyone may read, nobody waits: what is read is
// exact when the engine is idle. A query is counted before its answer leaves.
struct EngineCounters {
  LaneCounters short_lane;
  LaneCounters long_lane;

  // Queries that have left the engine, each once.
  std::array<std::array<Counter, kQueryEnds>, kQueryKinds> queries;
  // Of the retrievals that were answered.
  Histogram retrieval_sweeps{kStepBounds};
  Histogram retrieval_updates{kStepBounds};
  // Updates of queries of all kinds that the near misses of an earlier sweep served.
  Counter near_miss_updates;
  // Calls that found the queue full.
  Counter refused_calls;

  void CountQuery(QueryKind kind, QueryEnd end) {
    queries[static_cast<size_t>(kind)][static_cast<size_t>(end)].Add(1);
  }
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_ENGINE_COUNTERS_H_
