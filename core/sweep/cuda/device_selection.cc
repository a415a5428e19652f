#include "core/sweep/cuda/device_selection.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "core/base/canonical.h"
#include "core/sweep/row_scorer.h"

namespace engram {
namespace {

// As many bounds, beyond the rank, a cut is made from at most.
constexpr size_t kMostBounds = 1024;

// Any bounds make a valid cut; the largest make the sharpest.
double CutFrom(const Cut& cut, std::vector<double> bounds) {
  const size_t most = kMostBounds + static_cast<size_t>(cut.rank());
  if (bounds.size() > most) {
    std::nth_element(bounds.begin(), bounds.begin() + most, bounds.end(), std::greater<double>());
    bounds.resize(most);
  }
  std::sort(bounds.begin(), bounds.end(), std::greater<double>());
  return cut.From(bounds);
}

}  // namespace

DeviceSelection::DeviceSelection(const ResidentBank& bank, const SweepState& state)
    : state_(state), cut_(-std::numeric_limits<double>::infinity()) {
  const RowScorer scorer(&bank.snapshot(), &BestCanonicalArithmetic());
  for (const RowRef row : bank.loose_rows()) {
    if (bank.snapshot().segment(row.segment).VisibleAt(row.index, state.version)) {
      loose_.push_back(scorer.Score(state.state, row));
    }
  }
}

void DeviceSelection::Learn(std::vector<double> bounds) {
  for (const Survivor& row : loose_) bounds.push_back(row.score);
  cut_ = std::max(cut_, CutFrom(state_.cut, std::move(bounds)));
}

void DeviceSelection::Finish(SurvivorList* survivors) {
  survivors->insert(survivors->end(), loose_.begin(), loose_.end());
  std::vector<double> scores;
  scores.reserve(survivors->size());
  for (const Survivor& row : *survivors) scores.push_back(row.score);
  cut_ = std::max(cut_, CutFrom(state_.cut, std::move(scores)));
  survivors->erase(std::remove_if(survivors->begin(), survivors->end(),
                                  [this](const Survivor& row) { return row.score < cut_; }),
                   survivors->end());
}

}  // namespace engram
