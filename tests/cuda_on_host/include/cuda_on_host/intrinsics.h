#ifndef ENGRAM_TESTS_CUDA_ON_HOST_INCLUDE_CUDA_ON_HOST_INTRINSICS_H_
#define ENGRAM_TESTS_CUDA_ON_HOST_INCLUDE_CUDA_ON_HOST_INTRINSICS_H_

// Arithmetic and loads that kernels call by name. All are exact to the bit, for numbers as for infinities;
// the payload of a NaN is the host's.

#include <cassert>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>

// Loads and stores with a cache hint.

template <typename T>
T __ldg(const T* address) {
  return *address;
}
template <typename T>
T __ldca(const T* address) {
  return *address;
}
template <typename T>
T __ldcg(const T* address) {
  return *address;
}
template <typename T>
T __ldcs(const T* address) {
  return *address;
}
template <typename T>
void __stcs(T* address, T value) {
  *address = value;
}

// Integers.

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned>(x)); }
inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x)); }

// The sum of products of four 8-bit numbers each, and `sum`; it wraps.
inline int __dp4a(int a, int b, int sum) {
  unsigned result = static_cast<unsigned>(sum);
  for (int shift = 0; shift < 32; shift += 8) {
    result += static_cast<unsigned>(static_cast<int8_t>(a >> shift) * static_cast<int8_t>(b >> shift));
  }
  return static_cast<int>(result);
}
inline unsigned __dp4a(unsigned a, unsigned b, unsigned sum) {
  for (int shift = 0; shift < 32; shift += 8) sum += (a >> shift & 0xff) * (b >> shift & 0xff);
  return sum;
}

// Four bytes of the eight of y:x, each chosen by three bits of `selector`; its fourth bit asks for the sign.
inline unsigned __byte_perm(unsigned x, unsigned y, unsigned selector) {
  const uint64_t bytes = static_cast<uint64_t>(y) << 32 | x;
  unsigned result = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned choice = selector >> (4 * i) & 0xf;
    unsigned byte = static_cast<unsigned>(bytes >> (8 * (choice & 7))) & 0xff;
    if ((choice & 8) != 0) byte = (byte & 0x80) != 0 ? 0xff : 0;
    result |= byte << (8 * i);
  }
  return result;
}

// Bits of numbers.

namespace engram::cuda_on_host {
template <typename To, typename From>
To SameBits(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}
}  // namespace engram::cuda_on_host

inline int __float_as_int(float x) { return engram::cuda_on_host::SameBits<int>(x); }
inline unsigned __float_as_uint(float x) { return engram::cuda_on_host::SameBits<unsigned>(x); }
inline float __int_as_float(int x) { return engram::cuda_on_host::SameBits<float>(x); }
inline float __uint_as_float(unsigned x) { return engram::cuda_on_host::SameBits<float>(x); }
inline long long __double_as_longlong(double x) { return engram::cuda_on_host::SameBits<long long>(x); }
inline double __longlong_as_double(long long x) { return engram::cuda_on_host::SameBits<double>(x); }

// Arithmetic with a stated rounding: rn to nearest, ru up, rd down.

namespace engram::cuda_on_host {

// a + b, rounded up. In double the sum and its error are together exact, as 2Sum has them.
inline float SumRoundedUp(double a, double b) {
  const double sum = a + b;
  const double b_part = sum - a;
  const double error = (a - (sum - b_part)) + (b - b_part);
  const float nearest = static_cast<float>(sum);
  const bool is_below = nearest < sum || (nearest == sum && error > 0);
  return is_below ? std::nextafter(nearest, std::numeric_limits<float>::infinity()) : nearest;
}

}  // namespace engram::cuda_on_host

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fsqrt_rn(float a) { return std::sqrt(a); }
inline float __fmaf_rn(float a, float b, float c) { return std::fma(a, b, c); }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dsub_rn(double a, double b) { return a - b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline double __fma_rn(double a, double b, double c) { return std::fma(a, b, c); }

inline float __fadd_ru(float a, float b) { return engram::cuda_on_host::SumRoundedUp(a, b); }
inline float __fsub_ru(float a, float b) { return engram::cuda_on_host::SumRoundedUp(a, -double{b}); }
// The product of two floats is exact in double.
inline float __fmul_ru(float a, float b) { return engram::cuda_on_host::SumRoundedUp(double{a} * b, -0.0); }
inline float __fmaf_ru(float a, float b, float c) {
  return engram::cuda_on_host::SumRoundedUp(double{a} * b, c);
}
inline float __double2float_ru(double x) { return engram::cuda_on_host::SumRoundedUp(x, -0.0); }
inline float __fadd_rd(float a, float b) { return -__fadd_ru(-a, -b); }
inline float __fsub_rd(float a, float b) { return -__fsub_ru(-a, -b); }
inline float __fmul_rd(float a, float b) { return -__fmul_ru(-a, b); }
inline float __double2float_rd(double x) { return -__double2float_ru(-x); }

// CUDA's min and max take numbers of different types, and of a NaN and a number the number.

template <typename A, typename B>
constexpr std::common_type_t<A, B> min(A a, B b) {
  static_assert(std::is_arithmetic_v<A> && std::is_arithmetic_v<B>);
  const std::common_type_t<A, B> x = a, y = b;
  return y < x || x != x ? y : x;
}
template <typename A, typename B>
constexpr std::common_type_t<A, B> max(A a, B b) {
  static_assert(std::is_arithmetic_v<A> && std::is_arithmetic_v<B>);
  const std::common_type_t<A, B> x = a, y = b;
  return x < y || x != x ? y : x;
}

#endif  // ENGRAM_TESTS_CUDA_ON_HOST_INCLUDE_CUDA_ON_HOST_INTRINSICS_H_
