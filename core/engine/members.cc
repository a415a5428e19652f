#include "core/engine/members.h"

#include <algorithm>
#include <cassert>

namespace engram {
namespace {

// Types, so that sorting inlines them.
struct BeforeInProjection {
  bool operator()(const Survivor& a, const Survivor& b) const {
    return a.score != b.score ? a.score > b.score : a.id < b.id;
  }
};
struct BeforeById {
  bool operator()(const Survivor& a, const Survivor& b) const { return a.id < b.id; }
};

// Survivors of a bank that is scored as a whole come in the order of its rows, mostly that of the ids.
void SortById(SurvivorList* survivors) {
  if (std::is_sorted(survivors->begin(), survivors->end(), BeforeById())) return;
  std::sort(survivors->begin(), survivors->end(), BeforeById());
}

}  // namespace

Members::Members(const BankSnapshot& bank, const Dynamics& dynamics, SurvivorList* survivors) {
  if (std::holds_alternative<Softmax>(dynamics.transform)) {
    TakeWindow(WindowFor(dynamics.transform, bank.pattern_count()).width, dynamics.beta, survivors);
  } else if (IsConfined(dynamics.transform)) {
    std::sort(survivors->begin(), survivors->end(), BeforeInProjection());
    const Window window = WindowFor(dynamics.transform, bank.pattern_count());
    assert(!survivors->empty());
    reference_ = (*survivors)[std::min(window.rank, static_cast<int64_t>(survivors->size())) - 1].score;
    theta_.reserve(survivors->size());
    for (const Survivor& survivor : *survivors) {
      const double theta = dynamics.beta * (survivor.score - reference_);
      if (theta <= -window.width) break;
      theta_.push_back(theta);
    }
  } else {
    SortById(survivors);
    theta_.reserve(survivors->size());
    for (const Survivor& survivor : *survivors) theta_.push_back(dynamics.beta * survivor.score);
  }
  survivors_ = absl::MakeConstSpan(*survivors).first(theta_.size());
  if (!IsOrdered(dynamics.transform)) return;
  positions_.reserve(theta_.size());
  for (const Survivor& survivor : survivors_) positions_.push_back(bank.by_id().PositionOf(survivor.id));
}

void Members::TakeWindow(double width, double beta, SurvivorList* survivors) {
  assert(!survivors->empty());
  reference_ =
      std::max_element(survivors->begin(), survivors->end(), [](const Survivor& a, const Survivor& b) {
        return a.score < b.score;
      })->score;
  const auto outside = [&](const Survivor& survivor) {
    return beta * (survivor.score - reference_) <= -width;
  };
  survivors->erase(std::remove_if(survivors->begin(), survivors->end(), outside), survivors->end());
  SortById(survivors);
  theta_.reserve(survivors->size());
  for (const Survivor& survivor : *survivors) theta_.push_back(beta * (survivor.score - reference_));
}

}  // namespace engram
