#include "core/transform/window_fit.h"

#include <Eigen/SparseCholesky>
#include <algorithm>
#include <cassert>

namespace engram {
namespace {

constexpr int kRefinements = 2;
// In nanoseconds.
constexpr int64_t kLevelWork = 800;
constexpr int64_t kEntryWork = 20;

// Positions on which p is U_high - U_low.
struct Stretch {
  int32_t high;
  int32_t low;
  double length;
};

std::vector<Stretch> StretchesOf(absl::Span<const int32_t> starts, int64_t k) {
  const auto count = static_cast<int32_t>(starts.size());
  std::vector<Stretch> stretches;
  int64_t at = starts[0];
  int32_t begun = 1;
  int32_t ended = 0;
  while (ended < count) {
    const int64_t end = starts[ended] + k;
    const int64_t next = begun < count ? std::min<int64_t>(end, starts[begun]) : end;
    // Where all windows overlap p is the total; where none is, 0.
    const bool is_fixed = begun == ended || (begun == count && ended == 0);
    if (next > at && !is_fixed) stretches.push_back({begun, ended, static_cast<double>(next - at)});
    at = next;
    if (begun < count && starts[begun] == next) ++begun;
    if (end == next) ++ended;
  }
  return stretches;
}

using Matrix = Eigen::SparseMatrix<double>;

// Of the inner levels 1 to n - 1.
Matrix LaplacianOf(const std::vector<Stretch>& stretches, int64_t count) {
  std::vector<Eigen::Triplet<double>> entries;
  entries.reserve(3 * stretches.size());
  const auto is_inner = [&](int32_t level) { return level > 0 && level < count; };
  for (const Stretch& s : stretches) {
    if (is_inner(s.high)) entries.emplace_back(s.high - 1, s.high - 1, s.length);
    if (is_inner(s.low)) entries.emplace_back(s.low - 1, s.low - 1, s.length);
    if (is_inner(s.high) && is_inner(s.low)) entries.emplace_back(s.high - 1, s.low - 1, -s.length);
  }
  Matrix laplacian(count - 1, count - 1);
  laplacian.setFromTriplets(entries.begin(), entries.end());
  return laplacian;
}

}  // namespace

std::vector<double> FitWindows(absl::Span<const int32_t> starts, int64_t k, absl::Span<const double> gains,
                               double total, WorkBudget* work) {
  assert(!starts.empty() && gains.size() == starts.size());
  const auto count = static_cast<int64_t>(starts.size());
  if (count == 1) return {total};
  const std::vector<Stretch> stretches = StretchesOf(starts, k);
  const Eigen::SimplicialLDLT<Matrix, Eigen::Lower> factor(LaplacianOf(stretches, count));
  const int64_t entries = factor.matrixL().nestedExpression().nonZeros();
  work->Spend(WorkToFit(count) + kEntryWork * entries);
  std::vector<double> levels(count + 1, 0.0);
  levels[count] = total;
  for (int round = 0; round <= kRefinements; ++round) {
    Eigen::VectorXd residual = Eigen::VectorXd::Zero(count + 1);
    for (int64_t level = 1; level < count; ++level) residual[level] = gains[level - 1] - gains[level];
    for (const Stretch& s : stretches) {
      const double missing = -s.length * (levels[s.high] - levels[s.low]);
      residual[s.high] += missing;
      residual[s.low] -= missing;
    }
    const Eigen::VectorXd correction = factor.solve(residual.segment(1, count - 1));
    for (int64_t level = 1; level < count; ++level) levels[level] += correction[level - 1];
  }
  std::vector<double> weights(count);
  for (int64_t a = 0; a < count; ++a) weights[a] = levels[a + 1] - levels[a];
  return weights;
}

int64_t WorkToFit(int64_t window_count) { return kLevelWork * window_count; }

}  // namespace engram
