#include "core/transform/window_mixture.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/transform/compensated_sum.h"
#include "core/transform/window_fit.h"

namespace engram {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
// A weight below this is rounding.
constexpr double kNoWeight = 1e-14;
// A weight that misses 0 by less may be: among many windows the levels lose a few digits.
constexpr double kAlmostNoWeight = 1e-12;
// Rounds of the search; a few dozen are usual, also for a hundred thousand windows.
constexpr int kMaxRounds = 1000;
constexpr int kGradientSteps = 3;
// Rounds that may pass without a smaller gap before rounding is taken to be all that is left.
constexpr int kPatience = 50;
constexpr int kHalvings = 30;
// In nanoseconds, of one of the search's passes.
constexpr int64_t kPositionWork = 3;

// Projects on the simplex: p = [z - tau]_+. The mass is convex and decreasing in tau, and at least 1 where
// Newton's method starts, so it climbs to the root and ends with the exact support. Scores are taken about
// the largest, which keeps its weight however large they are.
void ProjectOnSimplex(std::vector<double>* point, WorkBudget* work) {
  const double largest = *std::max_element(point->begin(), point->end());
  for (double& z : *point) z -= largest;
  double tau = -1;
  while (true) {
    work->Spend(kPositionWork * static_cast<int64_t>(point->size()));
    double excess = -1;
    double support = 0;
    for (const double z : *point) {
      if (z <= tau) continue;
      excess += z - tau;
      support += 1;
    }
    const double next = tau + excess / support;
    if (!(next > tau) || next >= 0) break;
    tau = next;
  }
  for (double& z : *point) z = std::max(0.0, z - tau);
}

CompensatedSum SumFrom(int32_t start, int64_t k, absl::Span<const double> values) {
  CompensatedSum sum;
  for (const double value : values.subspan(start, k)) sum.Add(value);
  return sum;
}

}  // namespace

WindowMixture::WindowMixture(const SequenceChain& chain, WorkBudget* work) : chain_(chain), work_(work) {
  const int64_t k = chain.k;
  const auto count = static_cast<int64_t>(chain.scores.size());
  std::vector<int32_t> windows;
  std::vector<double> sums;
  double largest = 0;
  int64_t run = 0;
  for (int64_t i = 0; i < count; ++i) {
    largest = std::max(largest, std::abs(chain.scores[i]));
    run = i > 0 && chain.joined[i] ? run + 1 : 1;
    if (run < k) continue;
    windows.push_back(static_cast<int32_t>(i - k + 1));
    sums.push_back(SumFrom(windows.back(), k, chain.scores).value());
  }
  if (windows.empty()) return;
  work->Spend(2 * kPositionWork * k * static_cast<int64_t>(windows.size()));
  // A window with weight has <scores - p, y> = max_y', so its score is within k of the best one.
  const auto width = static_cast<double>(k);
  const double slack = 8 * kEpsilon * width * width * (1 + largest);
  const double least = *std::max_element(sums.begin(), sums.end()) - width - slack;
  for (size_t a = 0; a < windows.size(); ++a) {
    if (sums[a] >= least) candidates_.push_back(windows[a]);
  }
  // What all select adds the same to all: without it nothing cancels.
  std::vector<double> scores = chain.scores;
  for (int64_t i = candidates_.back(); i < candidates_.front() + k; ++i) scores[i] = 0;
  std::vector<CompensatedSum> totals;
  CompensatedSum best = SumFrom(candidates_[0], k, scores);
  for (const int32_t start : candidates_) {
    totals.push_back(SumFrom(start, k, scores));
    if (totals.back().Less(best) > 0) best = totals.back();
  }
  for (const CompensatedSum& total : totals) gains_.push_back(total.Less(best));
}

void WindowMixture::Solve() {
  assert(exists());
  mean_.assign(chain_.scores.size(), 0.0);
  if (!exists()) return;
  const auto k = static_cast<double>(chain_.k);
  const double tolerance = 8 * kEpsilon * k;
  // As if no windows overlapped.
  Weights weights = gains_;
  for (double& weight : weights) weight /= k;
  ProjectOnSimplex(&weights, work_);
  double least_gap = std::numeric_limits<double>::infinity();
  int idle = 0;
  for (int round = 0; round < kMaxRounds && !work_->is_spent(); ++round) {
    MinimiseOnSupport(&weights);
    Weights leads = Leads(MeanOf(weights));
    const double gap = *std::max_element(leads.begin(), leads.end()) -
                       std::inner_product(leads.begin(), leads.end(), weights.begin(), 0.0);
    if (gap <= tolerance) break;
    idle = gap < least_gap / 2 ? 0 : idle + 1;
    least_gap = std::min(gap, least_gap);
    if (least_gap <= 100 * tolerance && idle > kPatience) break;
    for (int step = 0; step < kGradientSteps; ++step) {
      if (step > 0) leads = Leads(MeanOf(weights));
      Weights direction = weights;
      for (size_t a = 0; a < direction.size(); ++a) direction[a] += leads[a] / k;
      ProjectOnSimplex(&direction, work_);
      for (size_t a = 0; a < direction.size(); ++a) direction[a] -= weights[a];
      if (!Descend(direction, leads, &weights)) break;
    }
  }
  Finish(weights);
}

bool WindowMixture::Descend(const Weights& direction, const Weights& leads, Weights* weights) const {
  const double slope = std::inner_product(leads.begin(), leads.end(), direction.begin(), 0.0);
  const std::vector<double> change = MeanOf(direction);
  const double curvature = std::inner_product(change.begin(), change.end(), change.begin(), 0.0);
  if (!(slope > 0) || !(curvature > 0)) return false;
  const double step = std::min(1.0, slope / curvature);
  for (size_t a = 0; a < direction.size(); ++a) {
    (*weights)[a] = std::max(0.0, (*weights)[a] + step * direction[a]);
  }
  return true;
}

void WindowMixture::MinimiseOnSupport(Weights* weights) const {
  while (!work_->is_spent()) {
    std::vector<int32_t> starts;
    std::vector<double> gains;
    std::vector<size_t> support;
    for (size_t a = 0; a < weights->size(); ++a) {
      if (!((*weights)[a] > 0)) continue;
      support.push_back(a);
      starts.push_back(candidates_[a]);
      gains.push_back(gains_[a]);
    }
    if (!work_->Covers(WorkToFit(static_cast<int64_t>(starts.size())))) return;
    const std::vector<double> best = FitWindows(starts, chain_.k, gains, 1, work_);
    Weights direction(weights->size(), 0.0);
    double reach = 1;
    for (size_t j = 0; j < support.size(); ++j) {
      const double weight = (*weights)[support[j]];
      direction[support[j]] = best[j] - weight;
      if (best[j] < -kAlmostNoWeight) reach = std::min(reach, weight / (weight - best[j]));
    }
    if (reach == 1) {
      for (size_t j = 0; j < support.size(); ++j) (*weights)[support[j]] = std::max(0.0, best[j]);
      return;
    }
    // The way to the minimum leaves the simplex. Bend it back, which takes many windows away at once, if the
    // objective falls enough; else stop at the border, which takes one.
    const Weights leads = Leads(MeanOf(*weights));
    Weights next;
    bool is_bent = false;
    double step = 1;
    for (int halving = 0; halving < kHalvings && step > reach && !is_bent; ++halving, step /= 2) {
      next = Weights(support.size());
      for (size_t j = 0; j < support.size(); ++j) {
        next[j] = (*weights)[support[j]] + step * direction[support[j]];
      }
      ProjectOnSimplex(&next, work_);
      Weights change(weights->size(), 0.0);
      for (size_t j = 0; j < support.size(); ++j) change[support[j]] = next[j] - (*weights)[support[j]];
      const double slope = std::inner_product(leads.begin(), leads.end(), change.begin(), 0.0);
      const std::vector<double> mean = MeanOf(change);
      const double curvature = std::inner_product(mean.begin(), mean.end(), mean.begin(), 0.0);
      is_bent = slope > 0 && curvature / 2 <= 0.9 * slope;
    }
    for (size_t j = 0; j < support.size(); ++j) {
      double& weight = (*weights)[support[j]];
      if (is_bent) {
        weight = next[j];
      } else {
        const bool is_at_border = best[j] < -kAlmostNoWeight && weight / (weight - best[j]) <= reach;
        weight = is_at_border ? 0.0 : std::max(0.0, weight + reach * direction[support[j]]);
      }
    }
  }
}

void WindowMixture::Finish(const Weights& weights) {
  starts_.clear();
  weights_.clear();
  std::vector<double> gains;
  for (size_t a = 0; a < weights.size(); ++a) {
    if (weights[a] < kNoWeight) continue;
    gains.push_back(gains_[a]);
    starts_.push_back(candidates_[a]);
    weights_.push_back(weights[a]);
  }
  if (work_->Covers(WorkToFit(static_cast<int64_t>(starts_.size())))) {
    const std::vector<double> best = FitWindows(starts_, chain_.k, gains, 1, work_);
    if (*std::min_element(best.begin(), best.end()) > 0) weights_ = best;
  }
  const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  mean_.assign(chain_.scores.size(), 0.0);
  std::vector<size_t> covering(mean_.size());
  for (size_t a = 0; a < starts_.size(); ++a) {
    weights_[a] /= sum;
    for (int64_t i = starts_[a]; i < starts_[a] + chain_.k; ++i) {
      mean_[i] += weights_[a];
      ++covering[i];
    }
  }
  for (size_t i = 0; i < mean_.size(); ++i) {
    mean_[i] = covering[i] == starts_.size() ? 1.0 : std::min(1.0, mean_[i]);
  }
  const Weights leads = Leads(mean_);
  double expected = 0;
  size_t a = 0;
  const double largest = *std::max_element(leads.begin(), leads.end());
  for (size_t j = 0; j < starts_.size(); ++j) {
    while (candidates_[a] != starts_[j]) ++a;
    expected += weights_[j] * (largest - leads[a]);
  }
  duality_gap_ = expected;
}

double WindowMixture::Lead(const Sequence& sequence) const {
  double value = chain_.edge * static_cast<double>(sequence.pairs - (chain_.k - 1));
  for (const int32_t i : sequence.ones) value += chain_.scores[i] - mean_[i];
  double lead = 0;
  for (size_t a = 0; a < starts_.size(); ++a) {
    double window = 0;
    for (int64_t i = starts_[a]; i < starts_[a] + chain_.k; ++i) window += chain_.scores[i] - mean_[i];
    lead += weights_[a] * (value - window);
  }
  return lead;
}

void WindowMixture::ProjectOnDifferences(absl::Span<const double> v, absl::Span<double> product) const {
  std::vector<double> gains;
  for (const int32_t start : starts_) gains.push_back(SumFrom(start, chain_.k, v).value());
  const std::vector<double> coefficients = FitWindows(starts_, chain_.k, gains, 0, work_);
  std::fill(product.begin(), product.end(), 0.0);
  for (size_t a = 0; a < starts_.size(); ++a) {
    for (int64_t i = starts_[a]; i < starts_[a] + chain_.k; ++i) product[i] += coefficients[a];
  }
}

std::vector<double> WindowMixture::MeanOf(const Weights& weights) const {
  // Levels, then their differences.
  std::vector<double> mean(chain_.scores.size(), 0.0);
  work_->Spend(kPositionWork * static_cast<int64_t>(mean.size()));
  double begun = 0;
  double ended = 0;
  size_t begin = 0;
  size_t end = 0;
  for (int64_t i = candidates_.front(); i < candidates_.back() + chain_.k; ++i) {
    if (begin < weights.size() && candidates_[begin] == i) begun += weights[begin++];
    if (candidates_[end] + chain_.k == i) ended += weights[end++];
    mean[i] = begun - ended;
  }
  return mean;
}

WindowMixture::Weights WindowMixture::Leads(const std::vector<double>& mean) const {
  work_->Spend(2 * kPositionWork * static_cast<int64_t>(mean.size()));
  Weights leads(candidates_.size());
  CompensatedSum price;
  int64_t begin = candidates_.front();
  int64_t end = begin;
  for (size_t a = 0; a < candidates_.size(); ++a) {
    while (end < candidates_[a] + chain_.k) price.Add(mean[end++]);
    while (begin < candidates_[a]) price.Add(-mean[begin++]);
    leads[a] = gains_[a] - price.value();
  }
  return leads;
}

}  // namespace engram
