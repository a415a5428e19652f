#include "core/sweep/screening.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace engram {
namespace {

// Lower bounds kept beyond the cut's rank.
constexpr int64_t kExtraBounds = 32;

// With fewer rows to one of the rank, keeping the bounds costs more than it spares.
constexpr int64_t kMinRowsPerRank = 16;

std::vector<double> Descending(std::vector<double> values) {
  std::sort(values.begin(), values.end(), std::greater<double>());
  return values;
}

void DropBelow(double cut, std::vector<Candidate>* candidates) {
  const auto below = [cut](const Candidate& candidate) { return candidate.upper < cut; };
  candidates->erase(std::remove_if(candidates->begin(), candidates->end(), below), candidates->end());
}

}  // namespace

Screening::Screening(const Cut* cut, int64_t candidate_limit)
    : cut_(cut), bound_limit_(cut->rank() + kExtraBounds), candidate_limit_(candidate_limit) {}

bool Screening::IsHopeless(double range, int64_t row_count) const {
  if (cut_->rank() > row_count / kMinRowsPerRank) return true;
  // The sharpest cut that the bounds kept could make is that of rows with the largest score.
  return cut_->From(std::vector<double>(bound_limit_, range)) < -range;
}

void Screening::KeepBound(double lower) {
  if (bounds_.size() == bound_limit_) {
    if (!(lower > bounds_.front())) return;
    std::pop_heap(bounds_.begin(), bounds_.end(), std::greater<double>());
    bounds_.back() = lower;
  } else {
    bounds_.push_back(lower);
  }
  std::push_heap(bounds_.begin(), bounds_.end(), std::greater<double>());
  bounds_changed_ = true;
}

void Screening::SharpenCut() {
  if (bounds_changed_ && added_since_look_ >= cut_->rank()) {
    least_ = std::max(least_, cut_->From(Descending(bounds_)));
    bounds_changed_ = false;
    added_since_look_ = 0;
  }
  if (static_cast<int64_t>(candidates_.size()) <= candidate_limit_) return;
  DropBelow(least_, &candidates_);
  if (static_cast<int64_t>(candidates_.size()) <= candidate_limit_) return;
  GiveUp();
}

std::vector<Candidate> Screening::Merge(const std::vector<const Screening*>& parts) {
  std::vector<double> bounds;
  std::vector<Candidate> candidates;
  double least = -std::numeric_limits<double>::infinity();
  for (const Screening* part : parts) {
    bounds.insert(bounds.end(), part->bounds_.begin(), part->bounds_.end());
    candidates.insert(candidates.end(), part->candidates_.begin(), part->candidates_.end());
    least = std::max(least, part->least_);
  }
  bounds = Descending(std::move(bounds));
  bounds.resize(std::min(bounds.size(), parts.front()->bound_limit_));
  DropBelow(std::max(least, parts.front()->cut_->From(bounds)), &candidates);
  return candidates;
}

}  // namespace engram
