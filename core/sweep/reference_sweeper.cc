#include "core/sweep/reference_sweeper.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/canonical.h"
#include "core/base/euclidean_norm.h"
#include "core/sweep/screening_limits.h"
#include "core/sweep/stream_error.h"

namespace engram {
namespace {

// The first `most` of `members` by score and id.
std::vector<StreamMember> FirstOf(std::vector<StreamMember> members, const BankSnapshot& bank, int64_t most) {
  std::sort(members.begin(), members.end(), [&](const StreamMember& a, const StreamMember& b) {
    return a.score != b.score ? a.score > b.score : bank.id(a.row) < bank.id(b.row);
  });
  members.resize(std::min(most, static_cast<int64_t>(members.size())));
  return members;
}

// Two plain passes: scores, then weights and sums. Only the scores are rounded to float32.
StreamedSoftmax StreamOne(const BankSnapshot& bank, const StreamState& state) {
  const CanonicalArithmetic& arithmetic = PortableCanonicalArithmetic();
  const int64_t dim = bank.settings().dim;
  StreamRounding rounding;
  StreamedSoftmax update;
  rounding.state_norm = EuclideanNorm(state.state);
  update.scale = ScaleFor(rounding.state_norm);
  std::vector<StreamMember> visible;
  for (int32_t s = 0; s < bank.segment_count(); ++s) {
    const Segment& segment = bank.segment(s);
    for (int32_t i = 0; i < bank.rows_in_segment(s); ++i) {
      if (!segment.VisibleAt(i, state.version)) continue;
      const double score = arithmetic.dot(segment.pattern(i).data(), state.state.data(), dim);
      visible.push_back({static_cast<float>(score / update.scale), {s, i}});
      update.largest = std::max(update.largest, visible.back().score);
      rounding.largest_norm = std::max(rounding.largest_norm, segment.norm(i));
      ++rounding.row_count;
    }
  }
  update.combination.assign(dim, 0.0);
  std::vector<StreamMember> members;
  for (const StreamMember& row : visible) {
    const double theta =
        state.beta * update.scale * (static_cast<double>(row.score) - static_cast<double>(update.largest));
    if (!(theta > -state.window)) continue;
    members.push_back(row);
    const double weight = std::exp(theta);
    const double norm = bank.segment(row.row.segment).norm(row.row.index);
    update.total += weight;
    rounding.mean_square += weight * (norm * norm);
    arithmetic.add_scaled(weight, bank.pattern(row.row).data(), update.combination.data(), dim);
  }
  update.support_size = static_cast<int64_t>(members.size());
  update.members = FirstOf(std::move(members), bank, state.most_members);
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
  LeaveCrowdedStates(states, results);
  return absl::OkStatus();
}

absl::Status ReferenceSweeper::StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                                             absl::Span<StreamedSoftmax> updates) {
  for (size_t b = 0; b < states.size(); ++b) updates[b] = StreamOne(bank, states[b]);
  return absl::OkStatus();
}

}  // namespace engram
