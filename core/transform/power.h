#ifndef ENGRAM_CORE_TRANSFORM_POWER_H_
#define ENGRAM_CORE_TRANSFORM_POWER_H_

#include "absl/types/span.h"

namespace engram {

// x -> x^e of numbers x >= 0, for one e >= 0. Exponents that are a small whole number plus 0, 1/4, 1/3
// or 1/2 take multiplications and roots, a few times faster than the general power.
class Power {
 public:
  // REQUIRES: `exponent` is finite and not negative.
  explicit Power(double exponent);

  double exponent() const { return exponent_; }

  // Replaces each x by x^e; equal numbers give equal bits, wherever they stand.
  void Raise(absl::Span<double> numbers) const;

 private:
  enum class Root { kNone, kSquare, kCube, kFourth, kGeneral };

  double exponent_;
  int whole_ = 0;  // e is this and the part that the root takes.
  Root root_ = Root::kGeneral;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_POWER_H_
