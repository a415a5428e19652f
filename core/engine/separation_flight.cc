#include "core/engine/separation_flight.h"

#include <algorithm>
#include <limits>

#include "core/base/canonical.h"

namespace engram {

SeparationFlight::SeparationFlight(const BankSnapshot& bank, RowRef row, PatternSeparation* result)
    : row_(row), state_(bank.pattern(row).begin(), bank.pattern(row).end()), result_(result) {
  result_->id = bank.id(row);
}

// The best of the others is among the best two, whether or not the pattern itself is.
Cut SeparationFlight::NextCut(const BankSnapshot& bank) const {
  return Cut::Largest(std::min<int64_t>(2, bank.pattern_count()));
}

absl::StatusOr<bool> SeparationFlight::Advance(const BankSnapshot& bank, SurvivorList* survivors,
                                               const UpdateMeans&) {
  const absl::Span<const float> pattern = bank.pattern(row_);
  const double own = BestCanonicalArithmetic().dot(pattern.data(), state_.data(), bank.settings().dim);
  const Survivor* best = nullptr;
  for (const Survivor& survivor : *survivors) {
    if (survivor.id == result_->id) continue;
    const bool better = best == nullptr || survivor.score > best->score ||
                        (survivor.score == best->score && survivor.id < best->id);
    if (better) best = &survivor;
  }
  if (best == nullptr) {
    result_->separation = std::numeric_limits<double>::infinity();
    return true;
  }
  result_->other_id = best->id;
  result_->separation = own - best->score;
  // A copy scores as much as the pattern; so may others, of lower ids.
  result_->is_copy = std::any_of(survivors->begin(), survivors->end(), [&](const Survivor& survivor) {
    if (survivor.id == result_->id || survivor.score != best->score) return false;
    const absl::Span<const float> other = bank.pattern(survivor.row);
    return std::equal(pattern.begin(), pattern.end(), other.begin(), other.end());
  });
  return true;
}

}  // namespace engram
