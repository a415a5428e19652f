#include "core/sweep/cpu/cpu_softmax_stream.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/canonical_exp.h"
#include "core/base/euclidean_norm.h"
#include "core/sweep/stream_error.h"
#include "core/sweep/stream_members.h"

namespace engram {
namespace {

constexpr int64_t kStrips = 16;

// Rows that a strip takes at a time: its last block asks for rows that another strip will read.
constexpr int64_t kTurnRows = 16 * kStreamBlock;

// Numbers in the sums of one strip: states are streamed in tiles of so many, at least one.
constexpr int64_t kTileNumbers = int64_t{1} << 18;

constexpr float kInvisible = StreamedSoftmax::kInvisible;

// Consecutive rows of one segment.
struct Block {
  int32_t segment;
  int32_t begin;
  int32_t end;
};

// The blocks of each strip that has any, in order.
using Strips = std::vector<std::vector<Block>>;

// What one strip has added up for one state; weights are relative to the largest score so far.
struct Partial {
  float largest = kInvisible;
  double total = 0;
  double squares = 0;  // Of weighted norms.
  double largest_norm = 0;
  int64_t rows = 0;         // Visible ones.
  int64_t blocks = 0;       // With a visible row.
  std::vector<double> sum;  // [D]

  // Makes weights relative to `score`, which is at least as large. `rate` = beta scale.
  void Raise(float score, double rate) {
    if (score <= largest) return;
    double factor = rate * (static_cast<double>(largest) - static_cast<double>(score));
    CanonicalExp(absl::MakeSpan(&factor, 1));
    total *= factor;
    squares *= factor;
    for (double& x : sum) x *= factor;
    largest = score;
  }
};

// The rows of a block: their norms, and which of them a version sees.
class BlockRows {
 public:
  BlockRows(const Segment& segment, const Block& block) : segment_(segment), block_(block) {
    for (int32_t i = block.begin; i < block.end; ++i) norms_[i - block.begin] = segment.norm(i);
  }

  double norm(int64_t r) const { return norms_[r]; }

  // Makes the scores of rows that `version` does not see kInvisible.
  void Mask(int64_t version, float* scores) {
    if (version != version_) {
      version_ = version;
      all_visible_ = true;
      for (int32_t i = block_.begin; i < block_.end; ++i) {
        visible_[i - block_.begin] = segment_.VisibleAt(i, version);
        all_visible_ = all_visible_ && visible_[i - block_.begin];
      }
    }
    if (all_visible_) return;
    for (int64_t r = 0; r < block_.end - block_.begin; ++r) {
      if (!visible_[r]) scores[r] = kInvisible;
    }
  }

 private:
  const Segment& segment_;
  const Block block_;
  double norms_[kStreamBlock];
  bool visible_[kStreamBlock];
  bool all_visible_ = true;
  int64_t version_ = -1;
};

// The stream of one tile of states.
class Tile {
 public:
  Tile(const BankSnapshot& bank, const Strips& strips, absl::Span<const StreamState> states,
       const StreamKernels& kernels, absl::Span<StreamedSoftmax> updates)
      : bank_(bank), strips_(strips), states_(states), kernels_(kernels), updates_(updates) {
    for (size_t b = 0; b < states.size(); ++b) {
      norms_.push_back(EuclideanNorm(states[b].state));
      updates[b].scale = ScaleFor(norms_[b]);
      for (const double q : states[b].state) scaled_.push_back(static_cast<float>(q / updates[b].scale));
      std::vector<std::vector<float>>& scores = scores_.emplace_back();
      for (int64_t s = 0; s < bank.segment_count(); ++s) {
        scores.emplace_back(bank.rows_in_segment(s), kInvisible);
      }
    }
    partials_.resize(strips.size());
  }

  // Streams the blocks of a strip. Different strips may run at once.
  void RunStrip(int64_t strip) {
    std::vector<Partial>& partials = partials_[strip];
    partials.resize(states_.size());
    for (Partial& partial : partials) partial.sum.assign(dim(), 0.0);
    Scratch scratch;
    scratch.scores.resize(states_.size() * kStreamBlock);
    scratch.weights.resize(states_.size() * kStreamBlock);
    for (const Block& block : strips_[strip]) RunBlock(block, &scratch, &partials);
  }

  // Adds the strips of a state up. Different states may finish at once, after all strips.
  void Finish(size_t b) {
    Partial whole;
    whole.sum.assign(dim(), 0.0);
    for (std::vector<Partial>& strip : partials_) {
      Partial& part = strip[b];
      if (part.largest == kInvisible) continue;
      whole.Raise(part.largest, Rate(b));
      part.Raise(whole.largest, Rate(b));
      whole.total += part.total;
      whole.squares += part.squares;
      whole.largest_norm = std::max(whole.largest_norm, part.largest_norm);
      whole.rows += part.rows;
      whole.blocks += part.blocks;
      for (int64_t j = 0; j < dim(); ++j) whole.sum[j] += part.sum[j];
    }
    Fill(b, std::move(whole));
    FindStreamMembers(bank_, scores_[b], states_[b], &updates_[b]);
  }

 private:
  int64_t dim() const { return bank_.settings().dim; }
  double Rate(size_t b) const { return states_[b].beta * updates_[b].scale; }

  // Memory that the blocks of a strip share.
  struct Scratch {
    std::vector<float> scores;
    std::vector<float> weights;
    std::vector<const float*> weighted;
    std::vector<double*> sums;
  };

  void RunBlock(const Block& block, Scratch* scratch, std::vector<Partial>* partials) {
    float* const scores = scratch->scores.data();
    float* const weights = scratch->weights.data();
    const Segment& segment = bank_.segment(block.segment);
    const float* rows = segment.patterns() + block.begin * dim();
    const int64_t count = block.end - block.begin;
    kernels_.score(rows, count, dim(), scaled_.data(), static_cast<int64_t>(states_.size()), scores,
                   kStreamBlock * dim());
    BlockRows block_rows(segment, block);
    scratch->weighted.clear();
    scratch->sums.clear();
    for (size_t b = 0; b < states_.size(); ++b) {
      float* score = scores + b * kStreamBlock;
      block_rows.Mask(states_[b].version, score);
      std::copy(score, score + count, scores_[b][block.segment].begin() + block.begin);
      float* weight = weights + b * kStreamBlock;
      if (!Weigh(b, block_rows, score, count, weight, &(*partials)[b])) continue;
      scratch->weighted.push_back(weight);
      scratch->sums.push_back((*partials)[b].sum.data());
    }
    kernels_.accumulate(rows, count, dim(), scratch->weighted.data(), scratch->sums.data(),
                        static_cast<int64_t>(scratch->sums.size()));
  }

  // The weights of a block, relative to the largest score so far. False: none has any.
  bool Weigh(size_t b, const BlockRows& rows, const float* scores, int64_t count, float* weights,
             Partial* partial) const {
    const float largest = *std::max_element(scores, scores + count);
    if (largest == kInvisible) return false;
    partial->Raise(largest, Rate(b));
    ++partial->blocks;
    // A row far below the maximum weighs nothing, and most blocks may have no other.
    const double rate = Rate(b);
    const double window = states_[b].window;
    const auto below = [&](float score) {
      return rate * (static_cast<double>(score) - static_cast<double>(partial->largest));
    };
    for (int64_t r = 0; r < count; ++r) {
      if (scores[r] == kInvisible) continue;
      partial->largest_norm = std::max(partial->largest_norm, rows.norm(r));
      ++partial->rows;
    }
    if (below(largest) <= -window) return false;
    double exponentials[kStreamBlock];
    for (int64_t r = 0; r < count; ++r)
      exponentials[r] = scores[r] == kInvisible ? -window : below(scores[r]);
    CanonicalExp(absl::MakeSpan(exponentials, count));
    for (int64_t r = 0; r < count; ++r) {
      const bool has_weight = scores[r] != kInvisible && below(scores[r]) > -window;
      weights[r] = has_weight ? static_cast<float>(exponentials[r]) : 0.0F;
    }
    double total = 0;
    double squares = 0;
    for (int64_t r = 0; r < count; ++r) {
      total += static_cast<double>(weights[r]);
      squares += static_cast<double>(weights[r]) * (rows.norm(r) * rows.norm(r));
    }
    partial->total += total;
    partial->squares += squares;
    return true;
  }

  void Fill(size_t b, Partial whole) {
    StreamedSoftmax& update = updates_[b];
    update.largest = whole.largest;
    update.total = whole.total;
    update.combination = std::move(whole.sum);
    for (double& z : update.combination) z /= update.total;
    StreamRounding rounding;
    rounding.dim = dim();
    rounding.row_count = whole.rows;
    rounding.block_count = whole.blocks;
    rounding.beta = states_[b].beta;
    rounding.state_norm = norms_[b];
    rounding.scale = update.scale;
    rounding.largest_norm = whole.largest_norm;
    rounding.mean_square = whole.squares / whole.total;
    rounding.combination_norm = EuclideanNorm(update.combination);
    update.error_bound = StreamErrorBound(rounding);
  }

  const BankSnapshot& bank_;
  const Strips& strips_;
  const absl::Span<const StreamState> states_;
  const StreamKernels& kernels_;
  const absl::Span<StreamedSoftmax> updates_;
  std::vector<float> scaled_;                            // The states [B, D] over their scales.
  std::vector<double> norms_;                            // Of the states.
  std::vector<std::vector<std::vector<float>>> scores_;  // [state][segment][row]
  std::vector<std::vector<Partial>> partials_;           // [strip][state]
};

Strips StripsOf(const BankSnapshot& bank) {
  Strips strips(kStrips);
  // Turns go on from segment to segment, by capacity: what belongs to a strip never changes in a layout.
  int64_t turns_before = 0;
  for (int32_t s = 0; s < bank.segment_count(); ++s) {
    const int64_t rows = bank.rows_in_segment(s);
    for (int64_t begin = 0; begin < rows; begin += kStreamBlock) {
      const int64_t end = std::min(begin + kStreamBlock, rows);
      const int64_t turn = turns_before + begin / kTurnRows;
      strips[turn % kStrips].push_back({s, static_cast<int32_t>(begin), static_cast<int32_t>(end)});
    }
    turns_before += (bank.segment(s).capacity() + kTurnRows - 1) / kTurnRows;
  }
  while (!strips.empty() && strips.back().empty()) strips.pop_back();
  return strips;
}

}  // namespace

void CpuStreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                      const StreamKernels& kernels, ThreadPool* pool, absl::Span<StreamedSoftmax> updates) {
  const Strips strips = StripsOf(bank);
  const auto strip_count = static_cast<int64_t>(strips.size());
  const auto tile_states = static_cast<size_t>(std::max<int64_t>(1, kTileNumbers / bank.settings().dim));
  for (size_t begin = 0; begin < states.size(); begin += tile_states) {
    Tile tile(bank, strips, states.subspan(begin, tile_states), kernels, updates.subspan(begin, tile_states));
    const auto run = [&](int64_t strip) { tile.RunStrip(strip); };
    strip_count == 1 ? run(0) : pool->ParallelFor(strip_count, run);
    const auto finish = [&](int64_t b) { tile.Finish(static_cast<size_t>(b)); };
    const auto count = static_cast<int64_t>(std::min(tile_states, states.size() - begin));
    count == 1 ? finish(0) : pool->ParallelFor(count, finish);
  }
}

}  // namespace engram
