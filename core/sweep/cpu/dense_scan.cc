#include "core/sweep/cpu/dense_scan.h"

#include <algorithm>

#include "core/sweep/row_partition.h"

namespace engram {
namespace {

// Rows that are scored for one group of states after the other while they are in the cache.
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

// States that are scored together, and where the next survivor of each goes.
struct StateGroup {
  int64_t count = 0;
  const double* states[kDotStates];
  int64_t versions[kDotStates];
  Survivor* next[kDotStates];
};

// Scores the rows of `range` for the states of `group` that see them.
void ScoreRows(const RowScorer& scorer, const RowRange& range, StateGroup* group) {
  const Segment& segment = scorer.bank().segment(range.segment);
  for (int64_t i = range.begin; i < range.end; ++i) {
    bool sees[kDotStates];
    bool seen = false;
    for (int64_t s = 0; s < group->count; ++s) {
      sees[s] = segment.VisibleAt(i, group->versions[s]);
      seen |= sees[s];
    }
    if (!seen) continue;
    const RowRef row{range.segment, static_cast<int32_t>(i)};
    double scores[kDotStates];
    scorer.ScoreStates(group->states, group->count, row, scores);
    for (int64_t s = 0; s < group->count; ++s) {
      if (sees[s]) *group->next[s]++ = {scores[s], segment.id(i), row};
    }
  }
}

// Where the survivors of one state from each chunk begin, and after the last their number.
std::vector<int64_t> Offsets(const BankSnapshot& bank, const std::vector<std::vector<RowRange>>& partition,
                             int64_t version) {
  std::vector<int64_t> offsets = {0};
  offsets.reserve(partition.size() + 1);
  for (const std::vector<RowRange>& chunk : partition) {
    offsets.push_back(offsets.back() + CountVisible(bank, chunk, version));
  }
  return offsets;
}

}  // namespace

void ScoreAllRows(const RowScorer& scorer, absl::Span<const SweepState> all_states,
                  const std::vector<size_t>& dense, ThreadPool* pool, absl::Span<SweepResult> results) {
  const BankSnapshot& bank = scorer.bank();
  const std::vector<std::vector<RowRange>> partition = PartitionRows(
      bank, ChunkCount(bank, static_cast<int64_t>(dense.size()), pool->thread_count()), kBlockRows);
  std::vector<std::vector<int64_t>> offsets;  // [state][chunk]
  offsets.reserve(dense.size());
  for (size_t k = 0; k < dense.size(); ++k) {
    const int64_t version = all_states[dense[k]].version;
    const bool as_before = k > 0 && version == all_states[dense[k - 1]].version;
    offsets.push_back(as_before ? offsets.back() : Offsets(bank, partition, version));
    results[dense[k]].survivors.resize(offsets[k].back());
  }
  const auto score_chunk = [&](int64_t chunk) {
    std::vector<StateGroup> groups((dense.size() + kDotStates - 1) / kDotStates);
    for (size_t k = 0; k < dense.size(); ++k) {
      StateGroup& group = groups[k / kDotStates];
      const SweepState& state = all_states[dense[k]];
      group.states[group.count] = state.state.data();
      group.versions[group.count] = state.version;
      group.next[group.count++] = results[dense[k]].survivors.data() + offsets[k][chunk];
    }
    for (const RowRange& range : partition[chunk]) {
      for (StateGroup& group : groups) ScoreRows(scorer, range, &group);
    }
  };
  const auto chunks = static_cast<int64_t>(partition.size());
  chunks == 1 ? score_chunk(0) : pool->ParallelFor(chunks, score_chunk);
}

}  // namespace engram
