#ifndef ENGRAM_CORE_TRANSFORM_SEQUENCE_ORACLE_H_
#define ENGRAM_CORE_TRANSFORM_SEQUENCE_ORACLE_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "core/transform/sequence.h"

namespace engram {

// Finds the best sequence of a chain by dynamic programming in O(m k) time and m (k + 1) bytes. Not
// thread-safe.
class SequenceOracle {
 public:
  // Keeps `chain`, which must outlive it. REQUIRES: chain.scores.size() >= chain.k.
  explicit SequenceOracle(const SequenceChain& chain);

  // The sequence y that maximises <scores - prices, y> + edge e(y); of equal ones, which is fixed.
  Sequence Best(absl::Span<const double> prices);

 private:
  // The best choice so far with a count of ones. The pairs are kept apart from the sum, so that a large
  // edge does not swamp the scores.
  struct Value {
    double sum;
    double pairs;
  };

  bool Beats(const Value& a, const Value& b) const {
    // Where both are impossible the difference is no number and the answer false.
    return (a.sum - b.sum) + chain_.edge * (a.pairs - b.pairs) > 0;
  }
  Sequence TraceBack(bool last_is_one) const;

  const SequenceChain& chain_;
  std::vector<Value> without_;  // [k + 1] by count: the member at hand is not chosen.
  std::vector<Value> with_;     // [k + 1]: it is.
  std::vector<uint8_t> back_;   // [m, k + 1]: whether the member before was chosen; a bit for either.
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_SEQUENCE_ORACLE_H_
