#ifndef ENGRAM_CORE_SWEEP_SCREENING_LIMITS_H_
#define ENGRAM_CORE_SWEEP_SCREENING_LIMITS_H_

#include <cstddef>
#include <vector>

#include "core/bank/bank_snapshot.h"
#include "core/sweep/sweeper.h"

namespace engram {

// States with components below it and none above are not screened: canonical scores may lose more to
// underflow than the errors here allow for.
constexpr double kLeastState = 0x1p-900;

// Whether screening could not leave out any row worth it, whatever it found.
bool IsHopelessToScreen(const BankSnapshot& bank, const SweepState& state);

// Leaves those of the states, by index, that have not so much room: takes them off `dense`, states for which
// all rows are to be scored. See SweepState::most_survivors.
void LeaveDenseStates(const BankSnapshot& bank, absl::Span<const SweepState> states,
                      std::vector<size_t>* dense, absl::Span<SweepResult> results);
// Leaves the states that more rows survived than they have room for.
void LeaveCrowdedStates(absl::Span<const SweepState> states, absl::Span<SweepResult> results);

// Of the rows that survived a state, as many are scored for a first cut of the next.
constexpr size_t kRescoredSurvivors = 256;

// What follows from lower bounds of the scores of different rows, finite, in any order. Of many it looks only
// at the largest: any make a valid cut, those the sharpest.
double SharpestCut(const Cut& cut, std::vector<double> lower_bounds);

// A cut divided by the scale of scores, rounded down: nothing with an upper bound below it reaches the cut.
float ScaledCut(double cut, double scale);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_SCREENING_LIMITS_H_
