#include "core/sweep/cuda/device_selection.h"

#include <algorithm>
#include <limits>

#include "core/base/canonical.h"
#include "core/sweep/row_scorer.h"
#include "core/sweep/screening_limits.h"

namespace engram {

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
  cut_ = std::max(cut_, SharpestCut(state_.cut, std::move(bounds)));
}

void DeviceSelection::Finish(SurvivorList* survivors) {
  survivors->insert(survivors->end(), loose_.begin(), loose_.end());
  std::vector<double> scores;
  scores.reserve(survivors->size());
  for (const Survivor& row : *survivors) scores.push_back(row.score);
  cut_ = std::max(cut_, SharpestCut(state_.cut, std::move(scores)));
  survivors->erase(std::remove_if(survivors->begin(), survivors->end(),
                                  [this](const Survivor& row) { return row.score < cut_; }),
                   survivors->end());
}

}  // namespace engram
