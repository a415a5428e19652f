#include "core/transform/active_set.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/transform/compensated_sum.h"

namespace engram {
namespace {

// A column whose squared distance from the span of the others is below this lies in it: for integer columns
// the next larger distances are those of long, nearly periodic families, about 1 / n.
constexpr double kDependent = 1e-9;
// A weight below this is rounding.
constexpr double kNoWeight = 1e-14;
constexpr int kRefinements = 3;
// In nanoseconds: of an entry of the factor, to solve with it or to change it, and of a one.
constexpr int64_t kFactorWork = 2;
constexpr int64_t kOneWork = 2;

double SumOver(const std::vector<int32_t>& ones, absl::Span<const double> values) {
  CompensatedSum sum;
  for (const int32_t i : ones) sum.Add(values[i]);
  return sum.value();
}

}  // namespace

double ActiveSet::pairs() const {
  // Relative to the first one's, so that equal counts give that count exactly.
  double more = 0;
  for (int64_t a = 0; a < size(); ++a) {
    more += weights_[a] * static_cast<double>(sequences_[a].pairs - sequences_[0].pairs);
  }
  return static_cast<double>(sequences_[0].pairs) + more;
}

double ActiveSet::Lead(const Sequence& sequence) const {
  const auto reduced = [&](const Sequence& y) {
    double sum = 0;
    for (const int32_t i : y.ones) sum += chain_.scores[i] - mean_[i];
    return sum;
  };
  const double value = reduced(sequence);
  double lead = 0;
  for (int64_t a = 0; a < size(); ++a) {
    const auto more_pairs = static_cast<double>(sequence.pairs - sequences_[a].pairs);
    lead += weights_[a] * ((value - reduced(sequences_[a])) + chain_.edge * more_pairs);
  }
  return lead;
}

bool ActiveSet::Improve(Sequence sequence) {
  std::vector<double> overlaps = OverlapsWith(sequence);
  const auto square = static_cast<double>(chain_.k);
  if (std::find(overlaps.begin(), overlaps.end(), square) != overlaps.end()) return false;
  GramFactor::Extension extension = factor_.Extend(overlaps, square);
  double weight = 0;
  if (extension.pivot < kDependent) {
    // y = sum_a c_a y_a: p stays where it is when weight moves from the others to y, and the objective is
    // linear on the way. Walk to where the first of the others has none left.
    const std::vector<double> combination = factor_.Combination(extension);
    int64_t first = -1;
    weight = std::numeric_limits<double>::infinity();
    for (int64_t a = 0; a < size(); ++a) {
      if (combination[a] <= kDependent || weights_[a] >= weight * combination[a]) continue;
      weight = weights_[a] / combination[a];
      first = a;
    }
    if (first < 0) return false;
    GramFactor rest = factor_;
    rest.Remove(first);
    overlaps.erase(overlaps.begin() + first);
    extension = rest.Extend(overlaps, square);
    if (extension.pivot < kDependent) return false;
    for (int64_t a = 0; a < size(); ++a) weights_[a] = std::max(0.0, weights_[a] - weight * combination[a]);
    Remove(first);
  }
  Append(std::move(sequence), extension, weight);
  const bool is_better = Descend();
  UpdateMean();
  return is_better;
}

void ActiveSet::Start(std::vector<Sequence> sequences, std::vector<double> weights) {
  sequences_ = std::move(sequences);
  weights_ = std::move(weights);
  values_.clear();
  for (const Sequence& sequence : sequences_) values_.push_back(SumOver(sequence.ones, chain_.scores));
  Factor();
  Descend();
  UpdateMean();
}

void ActiveSet::Finish() {
  for (int64_t a = size() - 1; a >= 0 && size() > 1; --a) {
    if (weights_[a] < kNoWeight) Remove(a);
  }
  const double total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  for (double& weight : weights_) weight /= total;
  Factor();
  const std::vector<double> solution = factor_.Minimise(Gains(), 1);
  if (*std::min_element(solution.begin(), solution.end()) > 0) weights_ = solution;
  Refine();
  UpdateMean();
}

void ActiveSet::Refine() {
  for (int round = 0; round < kRefinements; ++round) {
    UpdateMean();
    std::vector<double> residual = Gains();
    const double first = SumOver(sequences_[0].ones, mean_);
    for (int64_t a = 0; a < size(); ++a) residual[a] -= SumOver(sequences_[a].ones, mean_) - first;
    const double total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    const std::vector<double> correction = factor_.Minimise(residual, 1 - total);
    std::vector<double> corrected = weights_;
    for (int64_t a = 0; a < size(); ++a) corrected[a] += correction[a];
    if (!(*std::min_element(corrected.begin(), corrected.end()) > 0)) return;
    weights_ = std::move(corrected);
  }
}

void ActiveSet::ProjectOnDifferences(absl::Span<const double> v, absl::Span<double> product) const {
  std::vector<double> b;
  for (const Sequence& sequence : sequences_) b.push_back(SumOver(sequence.ones, v));
  const std::vector<double> coefficients = factor_.Minimise(b, 0);
  std::fill(product.begin(), product.end(), 0.0);
  for (int64_t a = 0; a < size(); ++a) {
    for (const int32_t i : sequences_[a].ones) product[i] += coefficients[a];
  }
}

std::vector<double> ActiveSet::OverlapsWith(const Sequence& sequence) {
  for (const int32_t i : sequence.ones) is_one_[i] = 1;
  work_->Spend(kOneWork * chain_.k * size() + kFactorWork * size() * size());
  std::vector<double> overlaps(size());
  for (int64_t a = 0; a < size(); ++a) {
    int64_t common = 0;
    for (const int32_t i : sequences_[a].ones) common += is_one_[i];
    overlaps[a] = static_cast<double>(common);
  }
  for (const int32_t i : sequence.ones) is_one_[i] = 0;
  return overlaps;
}

std::vector<double> ActiveSet::Gains() const {
  std::vector<double> gains(size());
  for (int64_t a = 0; a < size(); ++a) {
    const auto more_pairs = static_cast<double>(sequences_[a].pairs - sequences_[0].pairs);
    gains[a] = (values_[a] - values_[0]) + chain_.edge * more_pairs;
  }
  return gains;
}

void ActiveSet::Append(Sequence sequence, const GramFactor::Extension& extension, double weight) {
  factor_.Append(extension);
  values_.push_back(SumOver(sequence.ones, chain_.scores));
  sequences_.push_back(std::move(sequence));
  weights_.push_back(weight);
}

void ActiveSet::Remove(int64_t at) {
  factor_.Remove(at);
  sequences_.erase(sequences_.begin() + at);
  values_.erase(values_.begin() + at);
  weights_.erase(weights_.begin() + at);
}

bool ActiveSet::Descend() {
  bool is_first = true;
  while (is_first || !work_->is_spent()) {
    work_->Spend(2 * kFactorWork * size() * size());
    const std::vector<double> solution = factor_.Minimise(Gains(), 1);
    const bool is_idle = is_first && weights_.back() == 0 && solution.back() <= 0;
    is_first = false;
    double step = 1;
    int64_t blocking = -1;
    for (int64_t a = 0; a < size(); ++a) {
      if (solution[a] >= 0) continue;
      const double reach = weights_[a] / (weights_[a] - solution[a]);
      if (blocking >= 0 && reach >= step) continue;
      step = reach;
      blocking = a;
    }
    if (is_idle) {
      Remove(size() - 1);
      return false;
    }
    if (blocking < 0 || size() == 1) {
      weights_ = solution;
      return true;
    }
    for (int64_t a = 0; a < size(); ++a) {
      weights_[a] = std::max(0.0, weights_[a] + step * (solution[a] - weights_[a]));
    }
    Remove(blocking);
  }
  return true;
}

void ActiveSet::Factor() {
  std::vector<Sequence> sequences = std::move(sequences_);
  sequences_.clear();
  factor_.Clear();
  for (Sequence& sequence : sequences) {
    factor_.Append(factor_.Extend(OverlapsWith(sequence), static_cast<double>(chain_.k)));
    sequences_.push_back(std::move(sequence));
  }
}

void ActiveSet::UpdateMean() {
  work_->Spend(kOneWork * chain_.k * size());
  mean_.assign(chain_.scores.size(), 0.0);
  std::vector<int64_t> covering(mean_.size());
  for (int64_t a = 0; a < size(); ++a) {
    for (const int32_t i : sequences_[a].ones) {
      mean_[i] += weights_[a];
      ++covering[i];
    }
  }
  for (size_t i = 0; i < mean_.size(); ++i) {
    mean_[i] = covering[i] == size() ? 1.0 : std::min(1.0, mean_[i]);
  }
}

}  // namespace engram
