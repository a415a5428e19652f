#include "core/base/exact_sum.h"

#include <algorithm>
#include <cfloat>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace engram {
namespace {

__extension__ typedef __int128 Int128;

constexpr uint64_t kSeed = 20240607;

// Finite floats of every exponent, subnormals included, of either sign.
std::vector<float> RandomFloats(size_t count, std::mt19937_64* random) {
  std::vector<float> values;
  while (values.size() < count) {
    const auto bits = static_cast<uint32_t>((*random)());
    float value;
    std::memcpy(&value, &bits, sizeof value);
    if (std::isfinite(value)) values.push_back(value);
  }
  return values;
}

double SumOf(const std::vector<float>& values) {
  ExactSum sum;
  for (const float value : values) sum.Add(value);
  return sum.ToDouble();
}

TEST(ExactSumTest, EmptySumIsZero) { EXPECT_EQ(ExactSum().ToDouble(), 0); }

TEST(ExactSumTest, SingleValuesComeBackExactly) {
  std::mt19937_64 random(kSeed);
  std::vector<float> values = RandomFloats(20'000, &random);
  for (const float value : {0.0f, -0.0f, 1.0f, FLT_MIN, FLT_MAX, -FLT_MAX, FLT_TRUE_MIN, -FLT_TRUE_MIN,
                            std::nextafter(FLT_MIN, 0.0f), std::ldexp(1.0f, 100)}) {
    values.push_back(value);
  }
  // Each power of two, on and beside the borders of the bins.
  for (int exponent = -149; exponent <= 127; ++exponent) values.push_back(std::ldexp(1.0f, exponent));
  for (const float value : values) EXPECT_EQ(SumOf({value}), value) << value;
}

TEST(ExactSumTest, OrderDoesNotMatter) {
  std::mt19937_64 random(kSeed);
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  for (int round = 0; round < 50; ++round) {
    std::vector<float> values = RandomFloats(300, &random);
    const double sum = SumOf(values);
    for (int shuffle = 0; shuffle < 5; ++shuffle) {
      std::shuffle(values.begin(), values.end(), random);
      EXPECT_EQ(SumOf(values), sum);
    }
    std::sort(values.begin(), values.end());
    EXPECT_EQ(SumOf(values), sum);
  }
}

TEST(ExactSumTest, WhatWasAddedAndTakenBackLeavesNoTrace) {
  std::mt19937_64 random(kSeed);
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  for (int round = 0; round < 50; ++round) {
    const std::vector<float> kept = RandomFloats(20, &random);
    std::vector<float> passing = RandomFloats(300, &random);
    ExactSum sum;
    for (const float value : passing) sum.Add(value);
    for (const float value : kept) sum.Add(value);
    std::shuffle(passing.begin(), passing.end(), random);
    for (const float value : passing) sum.Subtract(value);
    EXPECT_EQ(sum.ToDouble(), SumOf(kept));
    for (const float value : kept) sum.Subtract(value);
    EXPECT_EQ(sum.ToDouble(), 0);
  }
}

TEST(ExactSumTest, SmallValuesSurviveLargeOnes) {
  const float huge = std::ldexp(1.0f, 100);
  EXPECT_EQ(SumOf({huge, 1, -huge}), 1);
  EXPECT_EQ(SumOf({FLT_MAX, FLT_TRUE_MIN, -FLT_MAX}), FLT_TRUE_MIN);
  EXPECT_EQ(SumOf({huge, -1, -huge, FLT_TRUE_MIN, 1}), FLT_TRUE_MIN);
}

TEST(ExactSumTest, SubnormalsAddUp) {
  ExactSum sum;
  for (int i = 0; i < 1000; ++i) sum.Add(FLT_TRUE_MIN);
  EXPECT_EQ(sum.ToDouble(), 1000 * static_cast<double>(FLT_TRUE_MIN));
}

TEST(ExactSumTest, ManyOfTheLargestDoNotOverflow) {
  ExactSum sum;
  constexpr int kCount = 1 << 20;
  for (int i = 0; i < kCount; ++i) sum.Add(-FLT_MAX);
  EXPECT_EQ(sum.ToDouble(), -static_cast<double>(FLT_MAX) * kCount);
}

// With integers below 2^24 and few of them, int64 is exact too, and so is a double.
TEST(ExactSumTest, AgreesWithIntegerArithmetic) {
  std::mt19937_64 random(kSeed);
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::uniform_int_distribution<int64_t> integer(-(1 << 24), 1 << 24);
  for (const int exponent : {-149, -100, -64, -24, 0, 24, 100}) {
    ExactSum sum;
    int64_t expected = 0;
    for (int i = 0; i < 10'000; ++i) {
      const int64_t value = integer(random);
      expected += value;
      sum.Add(std::ldexp(static_cast<float>(value), exponent));
      ASSERT_EQ(sum.ToDouble(), std::ldexp(static_cast<double>(expected), exponent));
    }
  }
}

// 2^k as sum of smaller powers: the same sum by other values, which fill other bins.
TEST(ExactSumTest, EqualSumsOfDifferentValuesAreEqual) {
  for (int exponent = -140; exponent <= 127; ++exponent) {
    SCOPED_TRACE(::testing::Message() << "2^" << exponent);
    std::vector<float> parts;
    for (int smaller = exponent - 1; smaller >= -149; --smaller) parts.push_back(std::ldexp(1.0f, smaller));
    parts.push_back(FLT_TRUE_MIN);
    EXPECT_EQ(SumOf(parts), std::ldexp(1.0, exponent));
    // All but the smallest unit, taken away from the whole, leave the unit.
    parts.pop_back();
    for (float& part : parts) part = -part;
    parts.push_back(std::ldexp(1.0f, exponent));
    EXPECT_EQ(SumOf(parts), FLT_TRUE_MIN);
    for (float& part : parts) part = -part;
    EXPECT_EQ(SumOf(parts), -static_cast<double>(FLT_TRUE_MIN));
  }
}

// The values lie below 2^20 and have no bit below 2^-80, so that 100 of them fit 128 bits in units of 2^-80.
TEST(ExactSumTest, ErrorIsAFewUnitsInTheLastPlaceOfTheSum) {
  std::mt19937_64 random(kSeed);
  SCOPED_TRACE(::testing::Message() << "seed " << kSeed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::uniform_int_distribution<int> exponents(-20, 20);
  for (int round = 0; round < 200; ++round) {
    Int128 expected = 0;
    ExactSum sum;
    for (int i = 0; i < 100; ++i) {
      const float value = std::ldexp(uniform(random), exponents(random));
      sum.Add(value);
      expected += static_cast<Int128>(std::ldexp(static_cast<double>(value), 80));
    }
    const double rounded = std::ldexp(static_cast<double>(expected), -80);
    EXPECT_NEAR(sum.ToDouble(), rounded, 4 * DBL_EPSILON * std::abs(rounded));
  }
}

}  // namespace
}  // namespace engram
