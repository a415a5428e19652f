#include "core/sweep/cpu_sweeper.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

#include "core/sweep/float_screen.h"

namespace engram {
namespace {

// Rows of one matrix product: their float32 scores stay in the cache until they are bounded.
constexpr int64_t kBlockRows = 256;

// A chunk of less work than this many multiply-adds is not worth waking a thread for.
constexpr int64_t kMinChunkWork = int64_t{1} << 18;

// Lower bounds kept beyond the cut's rank: they sharpen it when the support is large.
constexpr int64_t kExtraBounds = 32;

// A state is dense when screening would keep more than this share of the rows.
constexpr int64_t kDenseShare = 8;

// Consecutive rows of one segment.
struct RowRange {
  int32_t segment;
  int64_t begin;
  int64_t end;
};

struct Candidate {
  RowRef row;
  double upper;
};

// What one chunk knows of one state.
struct Screening {
  // The largest lower bounds, a heap with the least on top.
  std::vector<double> bounds;
  std::vector<Candidate> candidates;
  double cut = -std::numeric_limits<double>::infinity();
  bool bounds_changed = false;
  bool dense = false;
};

std::vector<double> Descending(std::vector<double> values) {
  std::sort(values.begin(), values.end(), std::greater<double>());
  return values;
}

// Fixed partition of the rows into about `chunks` lists of ranges of at most kBlockRows rows.
std::vector<std::vector<RowRange>> PartitionRows(const BankSnapshot& bank, int64_t chunks) {
  const int64_t rows_per_chunk = (bank.row_count() + chunks - 1) / chunks;
  std::vector<std::vector<RowRange>> partition(1);
  int64_t room = rows_per_chunk;
  for (int32_t s = 0; s < bank.segment_count(); ++s) {
    for (int64_t begin = 0; begin < bank.rows_in_segment(s);) {
      if (room == 0) {
        partition.emplace_back();
        room = rows_per_chunk;
      }
      const int64_t rows = std::min({kBlockRows, room, bank.rows_in_segment(s) - begin});
      partition.back().push_back({s, begin, begin + rows});
      begin += rows;
      room -= rows;
    }
  }
  return partition;
}

void KeepLargest(double bound, size_t capacity, Screening* screening) {
  std::vector<double>& heap = screening->bounds;
  if (heap.size() == capacity) {
    if (!(bound > heap.front())) return;
    std::pop_heap(heap.begin(), heap.end(), std::greater<double>());
    heap.back() = bound;
  } else {
    heap.push_back(bound);
  }
  std::push_heap(heap.begin(), heap.end(), std::greater<double>());
  screening->bounds_changed = true;
}

void DropBelow(double cut, std::vector<Candidate>* candidates) {
  const auto below = [cut](const Candidate& candidate) { return candidate.upper < cut; };
  candidates->erase(std::remove_if(candidates->begin(), candidates->end(), below), candidates->end());
}

// One sweep: screen every chunk, merge the cuts, refine what is left.
class Pass {
 public:
  Pass(const BankSnapshot& bank, absl::Span<const SweepState> states, const CanonicalArithmetic& arithmetic,
       ThreadPool* pool)
      : bank_(bank),
        states_(states),
        arithmetic_(arithmetic),
        pool_(pool),
        screen_(states, bank.settings().dim),
        partition_(PartitionRows(bank, ChunkCount())),
        screenings_(partition_.size(), std::vector<Screening>(states.size())) {}

  void Run(absl::Span<SurvivorList> survivors) {
    ForEachChunk([&](int64_t chunk) { ScreenChunk(chunk); });
    for (size_t b = 0; b < states_.size(); ++b) {
      IsDense(b) ? RefineAll(b, &survivors[b]) : RefineCandidates(b, &survivors[b]);
    }
  }

 private:
  int64_t ChunkCount() const {
    const int64_t work = bank_.row_count() * bank_.settings().dim * static_cast<int64_t>(states_.size());
    return std::clamp<int64_t>(work / kMinChunkWork, 1, 4 * (pool_->thread_count() + 1));
  }

  size_t BoundCapacity(size_t b) const { return states_[b].cut.rank() + kExtraBounds; }

  // Above this many candidates in one chunk it is cheaper to score every row.
  int64_t CandidateLimit() const {
    return kBlockRows + bank_.row_count() / (kDenseShare * static_cast<int64_t>(partition_.size()));
  }

  void ForEachChunk(const std::function<void(int64_t)>& body) const {
    const auto chunks = static_cast<int64_t>(partition_.size());
    chunks == 1 ? body(0) : pool_->ParallelFor(chunks, body);
  }

  void ScreenChunk(int64_t chunk) {
    std::vector<float> scores;
    for (const RowRange& range : partition_[chunk]) {
      screen_.Score(bank_.segment(range.segment), range.begin, range.end, &scores);
      for (size_t b = 0; b < states_.size(); ++b) {
        Screening* screening = &screenings_[chunk][b];
        if (screening->dense) continue;
        BoundBlock(range, b, scores.data() + b * (range.end - range.begin), screening);
      }
    }
  }

  // Turns the float32 scores of a block into bounds, and keeps what may survive.
  void BoundBlock(const RowRange& range, size_t b, const float* scores, Screening* screening) const {
    const Segment& segment = bank_.segment(range.segment);
    for (int64_t i = range.begin; i < range.end; ++i) {
      if (!segment.VisibleAt(i, states_[b].version)) continue;
      const FloatScreen::Bounds bounds = screen_.BoundsOf(b, scores[i - range.begin], segment.norm(i));
      if (bounds.upper < screening->cut) continue;
      screening->candidates.push_back({{range.segment, static_cast<int32_t>(i)}, bounds.upper});
      KeepLargest(bounds.lower, BoundCapacity(b), screening);
    }
    if (screening->bounds_changed) {
      screening->cut = std::max(screening->cut, states_[b].cut.From(Descending(screening->bounds)));
      screening->bounds_changed = false;
    }
    if (static_cast<int64_t>(screening->candidates.size()) <= CandidateLimit()) return;
    DropBelow(screening->cut, &screening->candidates);
    if (static_cast<int64_t>(screening->candidates.size()) <= CandidateLimit()) return;
    screening->dense = true;
    screening->candidates = {};
  }

  bool IsDense(size_t b) const {
    return std::any_of(screenings_.begin(), screenings_.end(),
                       [b](const std::vector<Screening>& chunk) { return chunk[b].dense; });
  }

  // The cut that follows from the bounds of all chunks.
  double MergedCut(size_t b) const {
    std::vector<double> bounds;
    double cut = -std::numeric_limits<double>::infinity();
    for (const std::vector<Screening>& chunk : screenings_) {
      bounds.insert(bounds.end(), chunk[b].bounds.begin(), chunk[b].bounds.end());
      cut = std::max(cut, chunk[b].cut);
    }
    bounds = Descending(std::move(bounds));
    if (bounds.size() > BoundCapacity(b)) bounds.resize(BoundCapacity(b));
    return std::max(cut, states_[b].cut.From(bounds));
  }

  Survivor Refine(size_t b, RowRef row) const {
    const double score =
        arithmetic_.dot(bank_.pattern(row).data(), states_[b].state.data(), bank_.settings().dim);
    return {score, bank_.id(row), row};
  }

  void RefineCandidates(size_t b, SurvivorList* survivors) const {
    const double cut = MergedCut(b);
    std::vector<Candidate> candidates;
    for (const std::vector<Screening>& chunk : screenings_) {
      candidates.insert(candidates.end(), chunk[b].candidates.begin(), chunk[b].candidates.end());
    }
    DropBelow(cut, &candidates);
    survivors->resize(candidates.size());
    const auto refine = [&](int64_t i) { (*survivors)[i] = Refine(b, candidates[i].row); };
    const auto count = static_cast<int64_t>(candidates.size());
    if (count * bank_.settings().dim < kMinChunkWork) {
      for (int64_t i = 0; i < count; ++i) refine(i);
    } else {
      pool_->ParallelFor(count, refine);
    }
  }

  // The dense path: every visible row, in the order of the partition.
  void RefineAll(size_t b, SurvivorList* survivors) const {
    std::vector<int64_t> offsets(partition_.size() + 1, 0);
    for (size_t c = 0; c < partition_.size(); ++c) {
      offsets[c + 1] = offsets[c];
      for (const RowRange& range : partition_[c]) {
        for (int64_t i = range.begin; i < range.end; ++i) {
          offsets[c + 1] += bank_.segment(range.segment).VisibleAt(i, states_[b].version);
        }
      }
    }
    survivors->resize(offsets.back());
    ForEachChunk([&](int64_t chunk) {
      Survivor* next = survivors->data() + offsets[chunk];
      for (const RowRange& range : partition_[chunk]) {
        for (int64_t i = range.begin; i < range.end; ++i) {
          if (!bank_.segment(range.segment).VisibleAt(i, states_[b].version)) continue;
          *next++ = Refine(b, {range.segment, static_cast<int32_t>(i)});
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
