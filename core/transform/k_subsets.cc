#include "core/transform/k_subsets.h"

#include <algorithm>
#include <cassert>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace engram {
namespace {

constexpr int64_t kMaxK = 1'000'000;

}  // namespace

absl::StatusOr<KSubsets> KSubsets::Make(int64_t k) {
  if (k < 1 || k > kMaxK) {
    return InvalidField("k", absl::StrCat(k), absl::StrCat("1 to ", kMaxK));
  }
  return KSubsets(k);
}

absl::Status KSubsets::ValidateFor(int64_t pattern_count) const {
  if (k_ <= pattern_count) return absl::OkStatus();
  return InvalidField("k", absl::StrCat(k_),
                      absl::StrCat("1 to ", pattern_count, ", the number of patterns in the bank"));
}

Window KSubsets::WindowFor(int64_t) const { return {k_, 1}; }

double KSubsets::CutFrom(absl::Span<const double> lower_bounds, int64_t) const {
  // tau grows with every score and every added row, so tau of the bounds is a lower bound of tau.
  const auto support = lower_bounds.first(SupportSize(lower_bounds));
  return support.back() - LeastWeight(support);
}

void KSubsets::Project(absl::Span<const double> scores, absl::Span<double> weights) const {
  assert(static_cast<int64_t>(scores.size()) >= k_ && scores.size() == weights.size());
  const size_t size = SupportSize(scores);
  const double least_weight = LeastWeight(scores.first(size));
  for (size_t i = 0; i < size; ++i) weights[i] = std::min(1.0, (scores[i] - scores[size - 1]) + least_weight);
  std::fill(weights.begin() + size, weights.end(), 0.0);
}

double KSubsets::Negentropy(absl::Span<const double> weights) const {
  // |p|^2 - k = -sum p (1 - p), because the weights sum to k.
  double sum = 0;
  for (const double p : weights) sum += p * (1 - p);
  return -sum / 2;
}

double KSubsets::Conjugate(absl::Span<const double> scores, absl::Span<const double> weights) const {
  const double kth = scores[k_ - 1];
  double inner = 0;
  for (size_t i = 0; i < scores.size() && weights[i] > 0; ++i) inner += weights[i] * (scores[i] - kth);
  return static_cast<double>(k_) * kth + (inner - Negentropy(weights));
}

void KSubsets::JacobianProduct(absl::Span<const double>, absl::Span<const double> weights,
                               absl::Span<const double> v, absl::Span<double> product) const {
  assert(v.size() == weights.size() && product.size() == weights.size());
  // Only weights strictly between 0 and 1 move: each by its v less the mean of theirs.
  const auto is_free = [&](size_t i) { return 0 < weights[i] && weights[i] < 1; };
  double sum = 0;
  double count = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!is_free(i)) continue;
    sum += v[i];
    count += 1;
  }
  for (size_t i = 0; i < weights.size(); ++i) product[i] = is_free(i) ? v[i] - sum / count : 0.0;
}

double KSubsets::UniformNegentropy(int64_t pattern_count) const {
  const auto k = static_cast<double>(k_);
  return k / 2 * (k / static_cast<double>(pattern_count) - 1);
}

int64_t KSubsets::SupportSize(absl::Span<const double> scores) const {
  const auto count = static_cast<int64_t>(scores.size());
  const double kth = scores[k_ - 1];
  // Rows [0, ones) lead the row at hand by 1 or more. `missing` is what the rows above that one lack to a
  // mass of k: numbers of order 1 and of one sign, whatever the scores are. The k largest always have weight.
  int64_t ones = 0;
  while (ones < k_ && scores[ones] - kth >= 1) ++ones;
  double missing = 0;
  for (int64_t i = ones; i < k_; ++i) missing += 1 - (scores[i] - kth);
  int64_t size = k_;
  for (; size < count; ++size) {
    const double above = scores[size - 1];
    for (; ones < size && scores[ones] - scores[size] >= 1; ++ones) missing -= 1 - (scores[ones] - above);
    missing -= static_cast<double>(size - ones) * (above - scores[size]);
    if (!(missing > 0)) break;
  }
  return size;
}

double KSubsets::LeastWeight(absl::Span<const double> support) const {
  const auto size = static_cast<int64_t>(support.size());
  const double least = support.back();
  if (size == k_) return 1;  // Only the k largest have weight: 1 each.
  // With `ones` rows at weight 1, the others share the rest: their leads over the least one and, equally,
  // what these leave. Too many rows at 1 leave too little, so the first count, going down, whose last row
  // does reach 1 is the right one.
  double leads = 0;
  for (int64_t i = size - 1; i >= k_; --i) leads += support[i] - least;
  for (int64_t ones = k_ - 1;; --ones) {
    leads += support[ones] - least;
    const double share = (static_cast<double>(k_ - ones) - leads) / static_cast<double>(size - ones);
    if (ones == 0 || (support[ones - 1] - least) + share >= 1) return std::max(0.0, share);
  }
}

}  // namespace engram
