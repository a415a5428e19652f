#include "core/transform/sequence_oracle.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace engram {
namespace {

constexpr uint8_t kBeforeWithout = 1;
constexpr uint8_t kBeforeWith = 2;

}  // namespace

SequenceOracle::SequenceOracle(const SequenceChain& chain)
    : chain_(chain), without_(chain.k + 1), with_(chain.k + 1), back_(chain.scores.size() * (chain.k + 1)) {
  assert(static_cast<int64_t>(chain.scores.size()) >= chain.k);
}

Sequence SequenceOracle::Best(absl::Span<const double> prices) {
  const int64_t k = chain_.k;
  const auto count = static_cast<int64_t>(chain_.scores.size());
  const Value impossible = {-std::numeric_limits<double>::infinity(), 0};
  std::fill(without_.begin(), without_.end(), impossible);
  std::fill(with_.begin(), with_.end(), impossible);
  without_[0] = {0, 0};
  for (int64_t i = 0; i < count; ++i) {
    const double score = chain_.scores[i] - prices[i];
    const double joined = chain_.joined[i];
    uint8_t* back = &back_[i * (k + 1)];
    // With fewer ones the rest of the chain could not make up k.
    const int64_t fewest = std::max<int64_t>(0, k - (count - i));
    for (int64_t ones = std::min(k, i + 1); ones >= fewest; --ones) {
      const bool before_without = Beats(with_[ones], without_[ones]);
      if (before_without) without_[ones] = with_[ones];
      if (ones == 0) {
        with_[ones] = impossible;
        back[ones] = before_without ? kBeforeWithout : 0;
        continue;
      }
      const Value after_one = {with_[ones - 1].sum, with_[ones - 1].pairs + joined};
      const bool before_with = Beats(after_one, without_[ones - 1]);
      const Value& best = before_with ? after_one : without_[ones - 1];
      with_[ones] = {best.sum + score, best.pairs};
      back[ones] =
          static_cast<uint8_t>((before_without ? kBeforeWithout : 0) | (before_with ? kBeforeWith : 0));
    }
  }
  return TraceBack(Beats(with_[k], without_[k]));
}

Sequence SequenceOracle::TraceBack(bool last_is_one) const {
  Sequence best;
  int64_t ones = chain_.k;
  bool is_one = last_is_one;
  best.ones.resize(ones);
  for (auto i = static_cast<int64_t>(chain_.scores.size()) - 1; ones > 0; --i) {
    const uint8_t back = back_[i * (chain_.k + 1) + ones];
    if (is_one) {
      best.ones[--ones] = static_cast<int32_t>(i);
      is_one = (back & kBeforeWith) != 0;
      best.pairs += is_one && chain_.joined[i] && ones > 0;
    } else {
      is_one = (back & kBeforeWithout) != 0;
    }
  }
  return best;
}

}  // namespace engram
