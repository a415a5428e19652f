#ifndef ENGRAM_CORE_TRANSFORM_GRAM_FACTOR_H_
#define ENGRAM_CORE_TRANSFORM_GRAM_FACTOR_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace engram {

// The Cholesky factor L L^T of the Gram matrix G [n, n] of n independent columns, kept while columns come
// and go. O(n^2) a change and a solution.
class GramFactor {
 public:
  int64_t size() const { return size_; }
  void Clear() { size_ = 0; }

  // How a further column depends on those that are there, given its products with them, overlaps [n], and
  // with itself.
  struct Extension {
    std::vector<double> row;  // [n] of L.
    double pivot = 0;         // Its squared distance from the span of the others.
  };
  Extension Extend(absl::Span<const double> overlaps, double square) const;
  // Adds the column last. REQUIRES: extension.pivot > 0.
  void Append(const Extension& extension);
  // Takes column `at` away; later ones move up.
  void Remove(int64_t at);

  // The coefficients [n] of the combination of columns that is closest to the extending one.
  std::vector<double> Combination(const Extension& extension) const;
  // argmin w^T G w / 2 - b^T w over sum w = total.
  std::vector<double> Minimise(absl::Span<const double> b, double total) const;

 private:
  void Reserve(int64_t size);

  int64_t size_ = 0;
  int64_t capacity_ = 0;
  std::vector<double> lower_;  // [capacity, capacity], column-major.
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_GRAM_FACTOR_H_
