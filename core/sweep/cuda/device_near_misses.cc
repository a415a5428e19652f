#include "core/sweep/cuda/device_near_misses.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "core/base/canonical.h"
#include "core/base/status_macros.h"
#include "core/codes/scaled_state.h"
#include "core/sweep/cuda/device_selection.h"
#include "core/sweep/row_scorer.h"
#include "core/sweep/screening_limits.h"

namespace engram {

bool DeviceNearMisses::Serve(const SweepState& next, SurvivorList* survivors) const {
  // What went wrong on the device will show in the sweep.
  return TryToServe(next, survivors).value_or(false);
}

absl::StatusOr<bool> DeviceNearMisses::TryToServe(const SweepState& next, SurvivorList* survivors) const {
  const double scale = std::ldexp(1.0, ScaledState(next.state).exponent);
  if (scale < kLeastState || scan_->bank().is_lost()) return false;
  const RowScorer scorer(&scan_->bank().snapshot(), &BestCanonicalArithmetic());
  const std::vector<RowRef>& loose = scan_->bank().loose_rows();
  std::vector<double> known;
  for (size_t i = 0; i < std::min(survivors->size(), kRescoredSurvivors); ++i) {
    const RowRef row = (*survivors)[i].row;
    // Those outside of tiles are scored anyway, and one row must not make two bounds.
    if (std::find(loose.begin(), loose.end(), row) != loose.end()) continue;
    known.push_back(scorer.Score(next.state, row).score);
  }
  DeviceSelection selection(scan_->bank(), next);
  selection.Learn(std::move(known));
  const ScannedState::Move move = state_.To(next.state, scale);
  DeviceScan::Request request;
  request.state = &next;
  request.b = b_;
  request.cut = selection.cut();
  request.factor = move.factor;
  request.distance = move.distance;
  request.survivors = survivors;
  ENGRAM_ASSIGN_OR_RETURN(const Workspaces workspaces,
                          Workspaces::Take(scan_->bank(), Workspace::Kind::kLook));
  ENGRAM_RETURN_IF_ERROR(scan_->Select({&request, 1}, nullptr, workspaces));
  if (!request.fits) return false;
  selection.Finish(survivors);
  return static_cast<int64_t>(survivors->size()) <= next.most_survivors;
}

}  // namespace engram
