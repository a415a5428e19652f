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
// Nanoseconds, roughly, that the search may take: it ends after some two seconds. Counted, not measured,
// so that the result does not depend on the machine.
constexpr int64_t kMaxWork = 2'000'000'000;
constexpr int64_t kCellWork = 8;
constexpr int64_t kFactorWork = 4;
// An active set that grows this large may be one of windows only.
constexpr int64_t kManySequences = 32;
// More windows than this are no start for an active set.
constexpr int64_t kMaxStart = 1024;

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

SequenceSolver::SequenceSolver(SequenceChain chain, Sequences sequences)
    : chain_(std::move(chain)), active_(chain_), windows_(chain_) {
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
  double least_gap = std::numeric_limits<double>::infinity();
  int idle = 0;
  bool has_tried_windows = !(chain_.edge > 0) || !windows_.exists();
  for (int64_t work = 0; work < kMaxWork;) {
    ++oracle_calls_;
    Sequence best = oracle.Best(active_.mean());
    const double gap = active_.Lead(best);
    idle = gap < least_gap / 2 ? 0 : idle + 1;
    least_gap = std::min(gap, least_gap);
    if (gap <= tolerance || (gap <= kGapTolerance * scale && idle > kPatience)) break;
    if (!has_tried_windows && active_.size() >= kManySequences) {
      has_tried_windows = true;
      if (WindowsSuffice(kGapTolerance * scale)) return;
      StartFromWindows();
      continue;
    }
    if (!active_.Improve(std::move(best))) break;
    work += kCellWork * count * (chain_.k + 1) + active_.size() * (kFactorWork * active_.size() + chain_.k);
  }
  active_.Finish();
  duality_gap_ = std::max(0.0, active_.Lead(oracle.Best(active_.mean())));
}

bool SequenceSolver::WindowsSuffice(double tolerance) {
  windows_.Solve();
  ++oracle_calls_;
  const double gap = windows_.Lead(SequenceOracle(chain_).Best(windows_.mean()));
  if (gap > tolerance) return false;
  are_windows_ = true;
  duality_gap_ = std::max(0.0, gap);
  return true;
}

void SequenceSolver::StartFromWindows() {
  if (static_cast<int64_t>(windows_.starts().size()) > kMaxStart) return;
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
