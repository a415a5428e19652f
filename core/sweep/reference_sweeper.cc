#include "core/sweep/reference_sweeper.h"

#include <algorithm>
#include <cmath>

#include "core/base/canonical.h"
#include "core/base/euclidean_norm.h"
#include "core/sweep/stream_error.h"

namespace engram {
namespace {

// Two plain passes: scores, then weights and sums. Only the scores are rounded to float32.
StreamedSoftmax StreamOne(const BankSnapshot& bank, const StreamState& state) {
  const CanonicalArithmetic& arithmetic = PortableCanonicalArithmetic();
  const int64_t dim = bank.settings().dim;
  StreamRounding rounding;
  StreamedSoftmax update;
  rounding.state_norm = EuclideanNorm(state.state);
  update.scale = ScaleFor(rounding.state_norm);
  for (int32_t s = 0; s < bank.segment_count(); ++s) {
    const Segment& segment = bank.segment(s);
    std::vector<float>& scores =
        update.scores.emplace_back(bank.rows_in_segment(s), StreamedSoftmax::kInvisible);
    for (int32_t i = 0; i < bank.rows_in_segment(s); ++i) {
      if (!segment.VisibleAt(i, state.version)) continue;
      const double score = arithmetic.dot(segment.pattern(i).data(), state.state.data(), dim);
      scores[i] = static_cast<float>(score / update.scale);
      update.largest = std::max(update.largest, scores[i]);
      rounding.largest_norm = std::max(rounding.largest_norm, segment.norm(i));
      ++rounding.row_count;
    }
  }
  update.combination.assign(dim, 0.0);
  for (int32_t s = 0; s < bank.segment_count(); ++s) {
    for (int32_t i = 0; i < bank.rows_in_segment(s); ++i) {
      const double theta = state.beta * update.scale *
                           (static_cast<double>(update.scores[s][i]) - static_cast<double>(update.largest));
      if (!(theta > -state.window)) continue;
      const double weight = std::exp(theta);
      const double norm = bank.segment(s).norm(i);
      update.total += weight;
      rounding.mean_square += weight * (norm * norm);
      arithmetic.add_scaled(weight, bank.segment(s).pattern(i).data(), update.combination.data(), dim);
    }
  }
  for (double& z : update.combination) z /= update.total;
  rounding.dim = dim;
  // Plain sums: each row is a block.
  rounding.block_count = rounding.row_count;
  rounding.beta = state.beta;
  rounding.scale = update.scale;
  rounding.mean_square /= update.total;
  rounding.combination_norm = EuclideanNorm(update.combination);
  update.error_bound = StreamErrorBound(rounding);
  return update;
}

}  // namespace

absl::Status ReferenceSweeper::Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                                     absl::Span<SweepResult> results) {
  const CanonicalArithmetic& arithmetic = PortableCanonicalArithmetic();
  for (size_t b = 0; b < states.size(); ++b) {
    SurvivorList& survivors = results[b].survivors;
    survivors.clear();
    results[b].near_misses = nullptr;
    for (int32_t s = 0; s < bank.segment_count(); ++s) {
      const Segment& segment = bank.segment(s);
      for (int32_t i = 0; i < bank.rows_in_segment(s); ++i) {
        if (!segment.VisibleAt(i, states[b].version)) continue;
        const double score = arithmetic.dot(segment.pattern(i).data(), states[b].state.data(), segment.dim());
        survivors.push_back({score, segment.id(i), {s, i}});
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ReferenceSweeper::StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                                             absl::Span<StreamedSoftmax> updates) {
  for (size_t b = 0; b < states.size(); ++b) updates[b] = StreamOne(bank, states[b]);
  return absl::OkStatus();
}

}  // namespace engram
