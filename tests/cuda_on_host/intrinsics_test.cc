#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <limits>
#include <random>

namespace engram::cuda_on_host {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

TEST(IntrinsicsTest, Dp4aTakesBytesWithTheirSignOrWithout) {
  EXPECT_EQ(__dp4a(0x01020304, 0x01010101, 100), 110);
  EXPECT_EQ(__dp4a(static_cast<int>(0xff80ff7fu), 0x01010101, 0), -1 - 128 - 1 + 127);
  EXPECT_EQ(__dp4a(static_cast<int>(0x80808080u), static_cast<int>(0x80808080u), -1), 4 * 128 * 128 - 1);
  EXPECT_EQ(__dp4a(0xff80ff7fu, 0x01010101u, 0u), 255u + 128 + 255 + 127);
  EXPECT_EQ(__dp4a(0x01010101, 0x01010101, std::numeric_limits<int>::max()),
            std::numeric_limits<int>::min() + 3);
}

TEST(IntrinsicsTest, BitsAreCountedAndFound) {
  EXPECT_EQ(__popc(0xf0f0u), 8);
  EXPECT_EQ(__ffs(0), 0);
  EXPECT_EQ(__ffs(8), 4);
  EXPECT_EQ(__clz(0), 32);
  EXPECT_EQ(__clz(1), 31);
  EXPECT_EQ(__clz(-1), 0);
  EXPECT_EQ(__byte_perm(0x33221100, 0x77665544, 0x7250), 0x77225500u);
  EXPECT_EQ(__byte_perm(0x000000ff, 0, 0x8888), 0xffffffffu);
  EXPECT_EQ(__float_as_uint(__uint_as_float(0x3f800001)), 0x3f800001u);
}

TEST(IntrinsicsTest, MinAndMaxTakeMixedTypesAndPreferNumbers) {
  EXPECT_EQ(max(1, 2.5f), 2.5f);
  EXPECT_EQ(min(3u, 7ull), 3u);
  EXPECT_EQ(max(std::nanf(""), 1.0f), 1.0f);
  EXPECT_EQ(min(1.0f, std::nanf("")), 1.0f);
}

TEST(IntrinsicsTest, RoundingUpIsThatOfTheProcessor) {
  std::mt19937 random(1);
  for (int i = 0; i < 100'000; ++i) {
    // Any bits, so all magnitudes; and pairs of about the same one.
    const float a = __uint_as_float(static_cast<uint32_t>(random()));
    const float b = i % 2 == 0 ? __uint_as_float(static_cast<uint32_t>(random()))
                               : a * (static_cast<float>(random() % 1000) - 500);
    if (std::isnan(a) || std::isnan(b)) continue;
    std::fesetround(FE_UPWARD);
    volatile float x = a, y = b;
    const volatile float sum = x + y;
    const volatile float product = x * y;
    std::fesetround(FE_TONEAREST);
    if (!std::isnan(sum)) {
      ASSERT_EQ(__fadd_ru(a, b), sum) << a << " " << b;
    }
    if (!std::isnan(product)) {
      ASSERT_EQ(__fmul_ru(a, b), product) << a << " " << b;
    }
  }
}

TEST(IntrinsicsTest, RoundingUpAtTheEnds) {
  EXPECT_EQ(__fadd_ru(kLargest, 1), kInfinity);
  EXPECT_EQ(__fadd_ru(-kLargest, -kLargest), -kLargest);
  EXPECT_EQ(__fadd_ru(-kInfinity, 1), -kInfinity);
  EXPECT_EQ(__fmul_ru(1e-38f, 1e-38f), std::numeric_limits<float>::denorm_min());
  EXPECT_EQ(__fadd_rd(1, 1e-30f), 1);
  EXPECT_EQ(__fadd_ru(1, 1e-30f), std::nextafter(1.0f, 2.0f));
}

}  // namespace
}  // namespace engram::cuda_on_host
