#include "core/sweep/cpu/dense_scan.h"

#include <algorithm>

#include "core/sweep/row_partition.h"

namespace engram {
namespace {

// Rows that are scored for one state after the other while they are in the cache.
constexpr int64_t kBlockRows = 256;

// A chunk of less work than this many multiply-adds is not worth waking a thread for.
constexpr int64_t kMinChunkWork = int64_t{1} << 18;

int64_t ChunkCount(const BankSnapshot& bank, int64_t states, int threads) {
  const int64_t work = bank.row_count() * bank.settings().dim * states;
  return std::clamp<int64_t>(work / kMinChunkWork, 1, 4 * (threads + 1));
}

int64_t CountVisible(const BankSnapshot& bank, const std::vector<RowRange>& chunk, int64_t version) {
  int64_t count = 0;
  for (const RowRange& range : chunk) {
    for (int64_t i = range.begin; i < range.end; ++i) {
      count += bank.segment(range.segment).VisibleAt(i, version);
    }
  }
  return count;
}

// Scores the visible rows of `range` to `next` and returns where the next ones go.
Survivor* ScoreRows(const RowScorer& scorer, const SweepState& state, const RowRange& range, Survivor* next) {
  for (int64_t i = range.begin; i < range.end; ++i) {
    if (!scorer.bank().segment(range.segment).VisibleAt(i, state.version)) continue;
    *next++ = scorer.Score(state.state, {range.segment, static_cast<int32_t>(i)});
  }
  return next;
}

}  // namespace

void ScoreAllRows(const RowScorer& scorer, absl::Span<const SweepState> all_states,
                  const std::vector<size_t>& dense, ThreadPool* pool, absl::Span<SweepResult> results) {
  const BankSnapshot& bank = scorer.bank();
  const std::vector<std::vector<RowRange>> partition = PartitionRows(
      bank, ChunkCount(bank, static_cast<int64_t>(dense.size()), pool->thread_count()), kBlockRows);
  std::vector<std::vector<int64_t>> offsets(dense.size(), {0});  // [state][chunk]
  for (size_t k = 0; k < dense.size(); ++k) {
    for (const std::vector<RowRange>& chunk : partition) {
      offsets[k].push_back(offsets[k].back() + CountVisible(bank, chunk, all_states[dense[k]].version));
    }
    results[dense[k]].survivors.resize(offsets[k].back());
  }
  const auto score_chunk = [&](int64_t chunk) {
    std::vector<Survivor*> next;
    for (size_t k = 0; k < dense.size(); ++k) {
      next.push_back(results[dense[k]].survivors.data() + offsets[k][chunk]);
    }
    for (const RowRange& range : partition[chunk]) {
      for (size_t k = 0; k < dense.size(); ++k) {
        next[k] = ScoreRows(scorer, all_states[dense[k]], range, next[k]);
      }
    }
  };
  const auto chunks = static_cast<int64_t>(partition.size());
  chunks == 1 ? score_chunk(0) : pool->ParallelFor(chunks, score_chunk);
}

}  // namespace engram
