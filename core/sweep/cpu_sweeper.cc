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

// One sweep: screen every chunk for the states that screening can help, refine what is left of each, and
// score every row for the others.
class Pass {
 public:
  Pass(const BankSnapshot& bank, absl::Span<const SweepState> states, const CanonicalArithmetic& arithmetic,
       ThreadPool* pool)
      : bank_(bank),
        states_(states),
        arithmetic_(arithmetic),
        pool_(pool),
        partition_(PartitionRows(bank, ChunkCount(), kBlockRows)) {}

  void Run(absl::Span<SurvivorList> survivors) {
    std::vector<size_t> dense;
    const std::vector<size_t> screened = ChooseScreened(&dense);
    if (!screened.empty()) Screen(screened, survivors, &dense);
    if (!dense.empty()) RefineAll(dense, survivors);
  }

 private:
  int64_t chunk_count() const { return static_cast<int64_t>(partition_.size()); }

  int64_t ChunkCount() const {
    const int64_t work = bank_.row_count() * bank_.settings().dim * static_cast<int64_t>(states_.size());
    return std::clamp<int64_t>(work / kMinChunkWork, 1, 4 * (pool_->thread_count() + 1));
  }

  void ForEachChunk(const std::function<void(int64_t)>& body) const {
    chunk_count() == 1 ? body(0) : pool_->ParallelFor(chunk_count(), body);
  }

  Screening NewScreening(size_t b) const {
    return Screening(&states_[b].cut, kBlockRows + bank_.row_count() / (kDenseShare * chunk_count()));
  }

  // The states that screening can help; the others are added to `dense`.
  std::vector<size_t> ChooseScreened(std::vector<size_t>* dense) const {
    double norm = 0;
    for (int64_t s = 0; s < bank_.segment_count(); ++s) norm = std::max(norm, bank_.norm_bound(s));
    std::vector<size_t> screened;
    for (size_t b = 0; b < states_.size(); ++b) {
      double squared = 0;
      for (const double component : states_[b].state) squared += component * component;
      const bool hopeless = NewScreening(b).IsHopeless(norm * std::sqrt(squared), bank_.row_count());
      (hopeless ? dense : &screened)->push_back(b);
    }
    return screened;
  }

  // Screens and refines `screened`; those of which too much is left are added to `dense`.
  void Screen(const std::vector<size_t>& screened, absl::Span<SurvivorList> survivors,
              std::vector<size_t>* dense) const {
    std::vector<SweepState> states;
    std::vector<Screening> of_chunk;
    for (const size_t b : screened) {
      states.push_back(states_[b]);
      of_chunk.push_back(NewScreening(b));
    }
    const FloatScreen screen(states, bank_.settings().dim);
    std::vector<std::vector<Screening>> screenings(chunk_count(), of_chunk);
    ForEachChunk([&](int64_t chunk) { ScreenChunk(screen, states, partition_[chunk], &screenings[chunk]); });
    for (size_t k = 0; k < screened.size(); ++k) {
      std::vector<const Screening*> parts;
      for (const std::vector<Screening>& chunk : screenings) parts.push_back(&chunk[k]);
      if (std::any_of(parts.begin(), parts.end(), [](const Screening* part) { return part->dense(); })) {
        dense->push_back(screened[k]);
      } else {
        Refine(screened[k], Screening::Merge(parts), &survivors[screened[k]]);
      }
    }
  }

  // Scores the blocks of a chunk in float32, for all states at once, and screens each state's.
  void ScreenChunk(const FloatScreen& screen, const std::vector<SweepState>& states,
                   const std::vector<RowRange>& chunk, std::vector<Screening>* screenings) const {
    std::vector<float> scores;
    for (const RowRange& range : chunk) {
      screen.Score(bank_.segment(range.segment), range.begin, range.end, &scores);
      for (size_t k = 0; k < states.size(); ++k) {
        const float* block = scores.data() + k * (range.end - range.begin);
        ScreenBlock(screen, k, states[k].version, range, block, &(*screenings)[k]);
      }
    }
  }

  // Screens the rows of a block for state k of the screen, from their scaled float32 scores.
  void ScreenBlock(const FloatScreen& screen, size_t k, int64_t version, const RowRange& range,
                   const float* scores, Screening* screening) const {
    const Segment& segment = bank_.segment(range.segment);
    for (int64_t begin = range.begin; begin < range.end && !screening->dense(); begin += kRowsPerLook) {
      const float threshold = screen.ThresholdOf(k, screening->cut(), bank_.norm_bound(range.segment));
      for (int64_t i = begin; i < std::min(begin + kRowsPerLook, range.end); ++i) {
        const float score = scores[i - range.begin];
        if (score < threshold || !segment.VisibleAt(i, version)) continue;
        const FloatScreen::Bounds bounds = screen.BoundsOf(k, score, segment.norm(i));
        screening->Add({range.segment, static_cast<int32_t>(i)}, bounds.lower, bounds.upper);
      }
      screening->SharpenCut();
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
    const auto refine_block = [&](int64_t block) {
      const int64_t end = std::min(count, (block + 1) * kBlockRows);
      for (int64_t i = block * kBlockRows; i < end; ++i) {
        (*survivors)[i] = ScoreExactly(b, candidates[i].row);
      }
    };
    const int64_t blocks = (count + kBlockRows - 1) / kBlockRows;
    blocks <= 1 ? refine_block(0) : pool_->ParallelFor(blocks, refine_block);
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

  // The dense path: every visible row, in the order of the partition. A block of rows is read once for all of
  // `dense`.
  void RefineAll(const std::vector<size_t>& dense, absl::Span<SurvivorList> survivors) const {
    std::vector<std::vector<int64_t>> offsets(dense.size(), {0});  // [state][chunk]
    for (size_t k = 0; k < dense.size(); ++k) {
      for (int64_t chunk = 0; chunk < chunk_count(); ++chunk) {
        offsets[k].push_back(offsets[k].back() + CountVisible(chunk, states_[dense[k]].version));
      }
      survivors[dense[k]].resize(offsets[k].back());
    }
    ForEachChunk([&](int64_t chunk) {
      std::vector<Survivor*> next;
      for (size_t k = 0; k < dense.size(); ++k)
        next.push_back(survivors[dense[k]].data() + offsets[k][chunk]);
      for (const RowRange& range : partition_[chunk]) {
        for (size_t k = 0; k < dense.size(); ++k) {
          for (int64_t i = range.begin; i < range.end; ++i) {
            if (!bank_.segment(range.segment).VisibleAt(i, states_[dense[k]].version)) continue;
            *next[k]++ = ScoreExactly(dense[k], {range.segment, static_cast<int32_t>(i)});
          }
        }
      }
    });
  }

  const BankSnapshot& bank_;
  const absl::Span<const SweepState> states_;
  const CanonicalArithmetic& arithmetic_;
  ThreadPool* const pool_;
  const std::vector<std::vector<RowRange>> partition_;
};

}  // namespace

absl::Status CpuSweeper::Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                               absl::Span<SurvivorList> survivors) {
  if (states.empty()) return absl::OkStatus();
  Pass(bank, states, arithmetic_, pool_).Run(survivors);
  return absl::OkStatus();
}

}  // namespace engram
