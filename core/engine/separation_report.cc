#include "core/engine/separation_report.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "absl/container/flat_hash_set.h"

namespace engram {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kShares[] = {0.5, 0.9, 0.99, 1};

// The smallest beta with margin / beta <= separation.
double BetaFor(double margin, double separation) {
  if (separation == kInfinity) return 0;
  if (!(separation > 0) || std::isinf(margin)) return kInfinity;
  double beta = margin / separation;
  // Both divisions round, up or down; the patterns at the limit must be on the right side of it.
  while (margin / beta > separation) beta = std::nextafter(beta, kInfinity);
  while (margin / std::nextafter(beta, 0) <= separation) beta = std::nextafter(beta, 0);
  return beta;
}

void FillHistogram(const std::vector<PatternSeparation>& ascending, int bins, SeparationReport* report) {
  const double low = ascending.front().separation;
  if (std::isinf(low)) return;  // One pattern: there is nothing to tell it from.
  const double high = ascending.back().separation;
  const double width = (high - low) / bins;
  for (int b = 0; b < bins; ++b) report->histogram_edges.push_back(low + width * b);
  report->histogram_edges.push_back(high);
  report->histogram_counts.assign(bins, 0);
  for (const PatternSeparation& one : ascending) {
    const auto& edges = report->histogram_edges;
    const auto after = std::upper_bound(edges.begin(), edges.end(), one.separation) - edges.begin();
    ++report->histogram_counts[std::clamp<int64_t>(after - 1, 0, bins - 1)];
  }
}

// The pairs of `ascending`, each once, though both of its patterns may name the other.
std::vector<PatternSeparation> NearestPairs(const std::vector<PatternSeparation>& ascending, int64_t count) {
  absl::flat_hash_set<std::pair<uint64_t, uint64_t>> seen;
  std::vector<PatternSeparation> pairs;
  for (const PatternSeparation& one : ascending) {
    if (static_cast<int64_t>(pairs.size()) == count || std::isinf(one.separation)) break;
    if (seen.insert(std::minmax(one.id, one.other_id)).second) pairs.push_back(one);
  }
  return pairs;
}

}  // namespace

SeparationReport MakeSeparationReport(std::vector<PatternSeparation> separations, const Dynamics& dynamics,
                                      int bins, int64_t max_pairs) {
  assert(!separations.empty() && bins >= 1);
  std::sort(separations.begin(), separations.end(), [](const auto& a, const auto& b) {
    return a.separation != b.separation ? a.separation < b.separation : a.id < b.id;
  });
  const double margin = Margin(dynamics.transform);
  const auto count = static_cast<int64_t>(separations.size());
  SeparationReport report;
  report.required_separation = margin / dynamics.beta;
  for (const PatternSeparation& one : separations) {
    // A bank of one pattern retrieves it exactly even by softmax.
    report.exact_count += one.separation >= report.required_separation;
    report.duplicate_count += one.is_copy;
    report.dominated_count += one.separation < 0;
  }
  report.min_separation = separations.front().separation;
  report.median_separation = separations[(count - 1) / 2].separation;
  report.max_separation = separations.back().separation;
  FillHistogram(separations, bins, &report);
  report.pairs = NearestPairs(separations, max_pairs);
  for (const double share : kShares) {
    // The best `needed` patterns have at least this separation.
    const auto needed = static_cast<int64_t>(std::ceil(share * static_cast<double>(count)));
    report.suggestions.push_back({share, BetaFor(margin, separations[count - needed].separation)});
  }
  return report;
}

}  // namespace engram
