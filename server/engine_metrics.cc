#include "server/engine_metrics.h"

namespace engram {
namespace {

constexpr double kNanosecondsPerSecond = 1e9;

// Whether queries of `kind` may end so. Retrievals and memories stop by rule, the others are done.
bool IsPossible(QueryKind kind, QueryEnd end) {
  const bool has_stop_rule = kind == QueryKind::kRetrieve || kind == QueryKind::kRecall;
  switch (end) {
    case QueryEnd::kFixedPoint:
    case QueryEnd::kTolerance:
    case QueryEnd::kLimit:
      return has_stop_rule;
    case QueryEnd::kDone:
      return !has_stop_rule;
    case QueryEnd::kCancelled:
    case QueryEnd::kDeadline:
    case QueryEnd::kFailed:
      break;
  }
  return true;
}

struct NamedLane {
  const char* name;
  const LaneCounters& counters;
};

void AddQueries(const EngineCounters& counters, const SweeperCounts& counts, MetricFamilies* families) {
  families->Counter(
      "engram_queries_total",
      "Queries that have left the engine, by what they asked for and why they stopped. A call has "
      "one or more. cancelled: nobody wants the answer, because the caller left or another query "
      "of the call failed.");
  for (size_t kind = 0; kind < kQueryKinds; ++kind) {
    for (size_t end = 0; end < kQueryEnds; ++end) {
      if (!IsPossible(static_cast<QueryKind>(kind), static_cast<QueryEnd>(end))) continue;
      families->Add({{"kind", kQueryKindNames[kind]}, {"stop_reason", kQueryEndNames[end]}},
                    counters.queries[kind][end].value());
    }
  }
  families->Histogram(
      "engram_retrieval_updates",
      "Updates of one retrieval, the iterations of its answer. Many mean that the state wanders: "
      "a larger beta or a sparser transformation settles sooner.");
  families->AddHistogram({}, counters.retrieval_updates);
  families->Histogram(
      "engram_retrieval_sweeps",
      "Sweeps that read the bank for one retrieval. Fewer than updates, because the near misses "
      "of a sweep may serve the next updates, too; the energy after may take one more.");
  families->AddHistogram({}, counters.retrieval_sweeps);
  families->Counter("engram_near_miss_updates_total",
                    "Updates of queries of any kind that needed no sweep: the near misses of an earlier one "
                    "served them.");
  families->Add(counters.near_miss_updates.value());
  families->Counter("engram_recalled_pattern_hits_total",
                    "Updates without a sweep whose state was a pattern recalled before: what is near it was "
                    "remembered.");
  families->Add(counts.recalled_pattern_hits);
}

void AddSweeps(const EngineCounters& counters, const SweeperCounts& counts, MetricFamilies* families) {
  const NamedLane lanes[] = {{"short", counters.short_lane}, {"long", counters.long_lane}};
  families->Counter(
      "engram_sweeps_total",
      "Passes over a bank, by lane (short: small banks, which never wait for large ones) and by "
      "arithmetic (exact, or fast as calls may ask for).");
  for (const auto& [lane, done] : lanes) {
    families->Add({{"lane", lane}, {"arithmetic", "exact"}}, done.exact_sweeps.value());
    families->Add({{"lane", lane}, {"arithmetic", "fast"}}, done.fast_sweeps.value());
  }
  families->Histogram("engram_sweep_queries",
                      "Queries that one sweep served. More mean that the bank is read less often for each: "
                      "near max-batch, sweeps are full and queries wait for the next one.");
  for (const auto& [lane, done] : lanes) families->AddHistogram({{"lane", lane}}, done.sweep_queries);
  families->Histogram(
      "engram_sweep_duration_seconds",
      "Time of one sweep, without the updates that follow. An update waits for the sweep under "
      "way in its lane, and for its own.");
  for (const auto& [lane, done] : lanes) {
    families->AddHistogram({{"lane", lane}}, done.sweep_nanoseconds, kNanosecondsPerSecond);
  }
  families->Counter(
      "engram_swept_rows_total",
      "Rows that sweeps passed over, once for each sweep: patterns, and deleted ones that still "
      "have a place.");
  for (const auto& [lane, done] : lanes) families->Add({{"lane", lane}}, done.swept_rows.value());
  families->Counter("engram_swept_bytes_total",
                    "The size of these rows in float32. With 8-bit codes about a quarter of it is read.");
  for (const auto& [lane, done] : lanes) families->Add({{"lane", lane}}, done.swept_bytes.value());
  families->Counter(
      "engram_survivors_total",
      "Rows that sweeps gave to their queries, which then scored and weighed each. Near swept rows "
      "times queries, screening leaves nothing out.");
  for (const auto& [lane, done] : lanes) families->Add({{"lane", lane}}, done.survivors.value());
  families->Counter(
      "engram_dense_states_total",
      "States for which a sweep scored every row exactly, because screening could not leave out "
      "enough: softmax or a small beta.");
  families->Add(counts.dense_states);
}

}  // namespace

void AddEngineMetrics(const EngineCounters& counters, const SweeperCounts& counts, MetricFamilies* families) {
  AddQueries(counters, counts, families);
  AddSweeps(counters, counts, families);
}

}  // namespace engram
