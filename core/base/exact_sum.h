#ifndef ENGRAM_CORE_BASE_EXACT_SUM_H_
#define ENGRAM_CORE_BASE_EXACT_SUM_H_

#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace engram {

// A sum of float32 values without any rounding, so that it depends on the values alone and not on
// the order in which they came and went. A float is m 2^e with |m| < 2^24 and 256 exponents; each bin
// sums the m of 64 exponents, shifted, in 128 bits, which leaves room for 2^39 values.
class ExactSum {
 public:
  // REQUIRES: `value` is finite.
  void Add(float value) { Accumulate(value, 1); }
  // Takes back an earlier Add(value).
  void Subtract(float value) { Accumulate(value, -1); }

  // The sum as a double; a function of the exact sum, with an error of at most two units in its last place.
  double ToDouble() const {
    // Carries make the bins digits of one number, so that values which fill them otherwise but have the same
    // sum give the same double. A negative number ends in the carry -1 and is read from its negation.
    std::array<Int128, kBins + 1> digits = Digits(1);
    const bool negative = digits[kBins] < 0;
    if (negative) digits = Digits(-1);
    double sum = 0;
    for (int i = kBins; i >= 0; --i) {
      sum += std::ldexp(static_cast<double>(digits[i]), kBinWidth * i - 149);
    }
    return negative ? -sum : sum;
  }

 private:
  static constexpr int kBins = 4;
  static constexpr int kBinWidth = 64;
  __extension__ typedef __int128 Int128;

  // The bins, times `sign`, as digits in [0, 2^kBinWidth); the last one takes what is left and the sign.
  std::array<Int128, kBins + 1> Digits(int sign) const {
    std::array<Int128, kBins + 1> digits{};
    Int128 carry = 0;
    for (int i = 0; i < kBins; ++i) {
      const Int128 value = sign * bins_[i] + carry;
      carry = value >> kBinWidth;
      digits[i] = value - carry * (static_cast<Int128>(1) << kBinWidth);
    }
    digits[kBins] = carry;
    return digits;
  }

  void Accumulate(float value, int sign) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const int biased = static_cast<int>(bits >> 23 & 0xff);
    const Int128 fraction = bits & 0x7fffff;
    // Subnormals have the exponent of the smallest normal and no hidden one.
    const Int128 mantissa = biased == 0 ? fraction : fraction | 0x800000;
    const int exponent = biased == 0 ? 0 : biased - 1;
    const Int128 shifted = mantissa << (exponent % kBinWidth);
    bins_[exponent / kBinWidth] += (bits >> 31 ? -sign : sign) * shifted;
  }

  std::array<Int128, kBins> bins_{};
};

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_EXACT_SUM_H_
