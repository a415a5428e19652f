#include "core/sweep/cpu_sweeper.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "core/sweep/float_screen.h"
#include "core/sweep/row_partition.h"
#include "core/sweep/screening.h"

namespace engram {
namespace {

// Rows of one matrix product: their float32 scores stay in the cache until they are bounded.
constexpr int64_t kBlockRows = 256;

// Rows between two looks at the cut: the fewer, the sooner there is one; a look costs a sort of a few bounds.
constexpr int64_t kRowsPerLook = 32;

// A chunk of less work than this many multiply-adds is not worth waking a thread for.
constexpr int64_t kMinChunkWork = int64_t{1} << 18;

// A state is dense when screening would keep more than this share of the rows: 1 in 8.
constexpr int64_t kDenseShare = 8;

// One sweep: screen every chunk, then refine what is left of each state.
class Pass {
 public:
  Pass(const BankSnapshot& bank, absl::Span<const SweepState> states, const CanonicalArithmetic& arithmetic,
       ThreadPool* pool)
      : bank_(bank),
        states_(states),
        arithmetic_(arithmetic),
        pool_(pool),
        screen_(states, bank.settings().dim),
        partition_(PartitionRows(bank, ChunkCount(), kBlockRows)) {
    const auto chunks = static_cast<int64_t>(partition_.size());
    const int64_t candidate_limit = kBlockRows + bank.row_count() / (kDenseShare * chunks);
    std::vector<Screening> of_chunk;
    for (const SweepState& state : states) of_chunk.emplace_back(&state.cut, candidate_limit);
    for (size_t b = 0; b < states.size(); ++b) {
      if (of_chunk[b].IsHopeless(LargestScore(b))) of_chunk[b].GiveUp();
    }
    screenings_.assign(chunks, of_chunk);
  }

  void Run(absl::Span<SurvivorList> survivors) {
    ForEachChunk([&](int64_t chunk) { ScreenChunk(chunk); });
    for (size_t b = 0; b < states_.size(); ++b) {
      std::vector<const Screening*> parts;
      for (const std::vector<Screening>& of_chunk : screenings_) parts.push_back(&of_chunk[b]);
      const bool dense =
          std::any_of(parts.begin(), parts.end(), [](const Screening* s) { return s->dense(); });
      dense ? RefineAll(b, &survivors[b]) : Refine(b, Screening::Merge(parts), &survivors[b]);
    }
  }

 private:
  int64_t ChunkCount() const {
    const int64_t work = bank_.row_count() * bank_.settings().dim * static_cast<int64_t>(states_.size());
    return std::clamp<int64_t>(work / kMinChunkWork, 1, 4 * (pool_->thread_count() + 1));
  }

  // No row has a larger score with state b, either way.
  double LargestScore(size_t b) const {
    double squared = 0;
    for (const double component : states_[b].state) squared += component * component;
    double norm = 0;
    for (int64_t s = 0; s < bank_.segment_count(); ++s) norm = std::max(norm, bank_.norm_bound(s));
    return norm * std::sqrt(squared);
  }

  void ForEachChunk(const std::function<void(int64_t)>& body) const {
    const auto chunks = static_cast<int64_t>(partition_.size());
    chunks == 1 ? body(0) : pool_->ParallelFor(chunks, body);
  }

  // Scores the blocks of a chunk in float32, for all states at once, and screens each state's.
  void ScreenChunk(int64_t chunk) {
    std::vector<float> scores;
    for (const RowRange& range : partition_[chunk]) {
      const Segment& segment = bank_.segment(range.segment);
      screen_.Score(segment, range.begin, range.end, &scores);
      for (size_t b = 0; b < states_.size(); ++b) {
        Screening& screening = screenings_[chunk][b];
        if (screening.dense()) continue;
        ScreenBlock(range, b, scores.data() + b * (range.end - range.begin), &screening);
      }
    }
  }

  // Screens the rows of a block for one state, from their scaled float32 scores.
  void ScreenBlock(const RowRange& range, size_t b, const float* scores, Screening* screening) const {
    const Segment& segment = bank_.segment(range.segment);
    for (int64_t begin = range.begin; begin < range.end; begin += kRowsPerLook) {
      const float threshold = screen_.ThresholdOf(b, screening->cut(), bank_.norm_bound(range.segment));
      for (int64_t i = begin; i < std::min(begin + kRowsPerLook, range.end); ++i) {
        const float score = scores[i - range.begin];
        if (score < threshold || !segment.VisibleAt(i, states_[b].version)) continue;
        const FloatScreen::Bounds bounds = screen_.BoundsOf(b, score, segment.norm(i));
        screening->Add({range.segment, static_cast<int32_t>(i)}, bounds.lower, bounds.upper);
      }
      screening->SharpenCut();
      if (screening->dense()) return;
    }
  }

  Survivor ScoreExactly(size_t b, RowRef row) const {
    const double score =
        arithmetic_.dot(bank_.pattern(row).data(), states_[b].state.data(), bank_.settings().dim);
    return {score, bank_.id(row), row};
  }

  void Refine(size_t b, const std::vector<Candidate>& candidates, SurvivorList* survivors) const {
    const auto count = static_cast<int64_t>(candidates.size());
    survivors->resize(count);
    const auto refine = [&](int64_t i) { (*survivors)[i] = ScoreExactly(b, candidates[i].row); };
    if (count * bank_.settings().dim < kMinChunkWork) {
      for (int64_t i = 0; i < count; ++i) refine(i);
    } else {
      pool_->ParallelFor(count, refine);
    }
  }

  int64_t CountVisible(int64_t chunk, int64_t version) const {
    int64_t count = 0;
    for (const RowRange& range : partition_[chunk]) {
      for (int64_t i = range.begin; i < range.end; ++i) {
        count += bank_.segment(range.segment).VisibleAt(i, version);
      }
    }
    return count;
  }

  // The dense path: every visible row, in the order of the partition.
  void RefineAll(size_t b, SurvivorList* survivors) const {
    std::vector<int64_t> offsets = {0};
    for (size_t chunk = 0; chunk < partition_.size(); ++chunk) {
      offsets.push_back(offsets.back() + CountVisible(static_cast<int64_t>(chunk), states_[b].version));
    }
    survivors->resize(offsets.back());
    ForEachChunk([&](int64_t chunk) {
      Survivor* next = survivors->data() + offsets[chunk];
      for (const RowRange& range : partition_[chunk]) {
        for (int64_t i = range.begin; i < range.end; ++i) {
          if (!bank_.segment(range.segment).VisibleAt(i, states_[b].version)) continue;
          *next++ = ScoreExactly(b, {range.segment, static_cast<int32_t>(i)});
        }
      }
    });
  }

  const BankSnapshot& bank_;
  const absl::Span<const SweepState> states_;
  const CanonicalArithmetic& arithmetic_;
  ThreadPool* const pool_;
  const FloatScreen screen_;
  const std::vector<std::vector<RowRange>> partition_;
  std::vector<std::vector<Screening>> screenings_;  // [chunk][state]
};

}  // namespace

absl::Status CpuSweeper::Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                               absl::Span<SurvivorList> survivors) {
  if (states.empty()) return absl::OkStatus();
  Pass(bank, states, arithmetic_, pool_).Run(survivors);
  return absl::OkStatus();
}

}  // namespace engram
