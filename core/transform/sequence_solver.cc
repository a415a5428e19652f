#include "core/transform/sequence_solver.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/transform/sequence_oracle.h"

namespace engram {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
// The gap at which rounding may be all that is left, over the size of the scores.
constexpr double kGapTolerance = 1e-12;
// Steps that may pass without a smaller gap, once it is below that.
constexpr int kPatience = 50;
// In nanoseconds: of a cell of the dynamic programme, and of a one of a sequence.
constexpr int64_t kCellWork = 8;
constexpr int64_t kOneWork = 2;
// A million such can be summed.
constexpr double kLargestScore = 1e301;
// An active set that grows this large may be one of windows only.
constexpr int64_t kManySequences = 32;
// More windows than this are no start for an active set.
constexpr int64_t kMaxStart = 1024;

// What is no number counts as the lowest.
double FiniteOf(double value) {
  return std::isnan(value) ? -kLargestScore : std::clamp(value, -kLargestScore, kLargestScore);
}

SequenceChain FiniteOf(SequenceChain chain) {
  chain.edge = FiniteOf(chain.edge);
  for (double& score : chain.scores) score = FiniteOf(score);
  return chain;
}

double LargestSize(const std::vector<double>& values) {
  double largest = 0;
  for (const double value : values) largest = std::max(largest, std::abs(value));
  return largest;
}

Sequence WindowFrom(int32_t start, int64_t k) {
  Sequence window;
  window.ones.resize(k);
  std::iota(window.ones.begin(), window.ones.end(), start);
  window.pairs = k - 1;
  return window;
}

}  // namespace

SequenceSolver::SequenceSolver(SequenceChain chain, Sequences sequences, int64_t max_work)
    : chain_(FiniteOf(std::move(chain))), work_(max_work), active_(chain_, &work_), windows_(chain_, &work_) {
  if (sequences == Sequences::kWindows) {
    windows_.Solve();
    are_windows_ = true;
    duality_gap_ = windows_.duality_gap();
  } else {
    SolveAll();
  }
}

void SequenceSolver::SolveAll() {
  SequenceOracle oracle(chain_);
  const double scale = std::max(1.0, LargestSize(chain_.scores));
  const double tolerance = 8 * kEpsilon * static_cast<double>(chain_.k) * scale;
  const auto count = static_cast<int64_t>(chain_.scores.size());
  active_.Start({oracle.Best(std::vector<double>(count, 0.0))}, {1.0});
  const double infinity = std::numeric_limits<double>::infinity();
  double least_gap = infinity;
  double windows_gap = infinity;
  int idle = 0;
  bool has_tried_windows = !(chain_.edge > 0) || !windows_.exists();
  while (!work_.is_spent()) {
    ++oracle_calls_;
    work_.Spend(kCellWork * count * (chain_.k + 1) + kOneWork * chain_.k * active_.size());
    Sequence best = oracle.Best(active_.mean());
    const double gap = active_.Lead(best);
    idle = gap < least_gap / 2 ? 0 : idle + 1;
    least_gap = std::min(gap, least_gap);
    if (gap <= tolerance || (gap <= kGapTolerance * scale && idle > kPatience)) break;
    if (!has_tried_windows && active_.size() >= kManySequences) {
      has_tried_windows = true;
      windows_gap = SolveWindows();
      if (windows_gap <= kGapTolerance * scale) break;
      StartFromWindows();
      continue;
    }
    if (!active_.Improve(std::move(best))) break;
  }
  are_windows_ = windows_gap <= kGapTolerance * scale;
  if (!are_windows_) {
    active_.Finish();
    duality_gap_ = std::max(0.0, active_.Lead(oracle.Best(active_.mean())));
    // A search that ended early may have had the windows for its best.
    are_windows_ = windows_gap < duality_gap_;
  }
  if (are_windows_) duality_gap_ = windows_gap;
}

double SequenceSolver::SolveWindows() {
  windows_.Solve();
  ++oracle_calls_;
  return std::max(0.0, windows_.Lead(SequenceOracle(chain_).Best(windows_.mean())));
}

void SequenceSolver::StartFromWindows() {
  if (work_.is_spent() || static_cast<int64_t>(windows_.starts().size()) > kMaxStart) return;
  std::vector<Sequence> sequences;
  for (const int32_t start : windows_.starts()) sequences.push_back(WindowFrom(start, chain_.k));
  active_.Start(std::move(sequences), windows_.weights());
}

void SequenceSolver::ProjectOnDifferences(absl::Span<const double> v, absl::Span<double> product) const {
  if (are_windows_) {
    windows_.ProjectOnDifferences(v, product);
  } else {
    active_.ProjectOnDifferences(v, product);
  }
}

}  // namespace engram
