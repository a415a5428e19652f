#include "core/base/canonical.h"

#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace engram {
namespace {

constexpr uint64_t kSeed = 99;
constexpr int64_t kDims[] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,  11,  12,  13,  14,
                             15, 16, 17, 31, 32, 33, 34, 40, 47, 48, 100, 128, 784, 1000};

// The definition in the header, word by word.
double DefinedDot(const std::vector<float>& x, const std::vector<double>& q) {
  double lane[16] = {};
  for (size_t j = 0; j < x.size(); ++j)
    lane[j % 16] = std::fma(static_cast<double>(x[j]), q[j], lane[j % 16]);
  for (const int half : {8, 4, 2, 1}) {
    for (int l = 0; l < half; ++l) lane[l] += lane[l + half];
  }
  return lane[0];
}

struct Vectors {
  std::vector<float> x;
  std::vector<double> q;
};

// Components of magnitudes from `least` to 1 / `least`.
Vectors RandomVectors(int64_t dim, double least, std::mt19937_64* random) {
  std::normal_distribution<double> gaussian;
  std::uniform_real_distribution<double> exponent(std::log(least), -std::log(least));
  Vectors made;
  for (int64_t j = 0; j < dim; ++j) {
    made.x.push_back(static_cast<float>(gaussian(*random) * std::exp(exponent(*random))));
    made.q.push_back(gaussian(*random) * std::exp(exponent(*random)));
  }
  return made;
}

// Calls check(arithmetic, vectors) for every implementation that this processor can run.
template <typename Check>
void ForEachArithmetic(const Check& check) {
  for (const CanonicalArithmetic& arithmetic : AllCanonicalArithmetics()) {
    if (!arithmetic.supported()) continue;
    std::mt19937_64 random(kSeed);
    for (const int64_t dim : kDims) {
      for (const double least : {1.0, 1e-3, 1e-30}) {
        SCOPED_TRACE(::testing::Message()
                     << arithmetic.name << " dim " << dim << " least " << least << " seed " << kSeed);
        check(arithmetic, RandomVectors(dim, least, &random));
      }
    }
  }
}

TEST(CanonicalTest, DotHasTheBitsOfItsDefinition) {
  ForEachArithmetic([](const CanonicalArithmetic& arithmetic, const Vectors& vectors) {
    EXPECT_EQ(arithmetic.dot(vectors.x.data(), vectors.q.data(), static_cast<int64_t>(vectors.x.size())),
              DefinedDot(vectors.x, vectors.q));
  });
}

TEST(CanonicalTest, SquaredNormHasTheBitsOfDotWithItself) {
  ForEachArithmetic([](const CanonicalArithmetic& arithmetic, const Vectors& vectors) {
    const std::vector<double> exact(vectors.x.begin(), vectors.x.end());
    EXPECT_EQ(arithmetic.squared_norm(vectors.x.data(), static_cast<int64_t>(vectors.x.size())),
              DefinedDot(vectors.x, exact));
  });
}

TEST(CanonicalTest, DotStatesHasTheBitsOfDotForEachState) {
  std::mt19937_64 random(kSeed);
  ForEachArithmetic([&](const CanonicalArithmetic& arithmetic, const Vectors& vectors) {
    const auto dim = static_cast<int64_t>(vectors.x.size());
    std::vector<std::vector<double>> states = {vectors.q};
    while (static_cast<int64_t>(states.size()) < kDotStates) {
      states.push_back(RandomVectors(dim, 1e-30, &random).q);
    }
    std::vector<const double*> q;
    for (const std::vector<double>& state : states) q.push_back(state.data());
    for (int64_t count = 1; count <= kDotStates; ++count) {
      std::vector<double> scores(count);
      arithmetic.dot_states(vectors.x.data(), q.data(), count, dim, scores.data());
      for (int64_t s = 0; s < count; ++s) EXPECT_EQ(scores[s], DefinedDot(vectors.x, states[s])) << s;
    }
  });
}

TEST(CanonicalTest, AddScaledHasTheBitsOfItsDefinition) {
  ForEachArithmetic([](const CanonicalArithmetic& arithmetic, const Vectors& vectors) {
    std::vector<double> sum = vectors.q;
    std::vector<double> expected = vectors.q;
    for (const double weight : {0.3, 1.0, 1e-17}) {
      arithmetic.add_scaled(weight, vectors.x.data(), sum.data(), static_cast<int64_t>(sum.size()));
      for (size_t j = 0; j < expected.size(); ++j) {
        expected[j] = std::fma(weight, static_cast<double>(vectors.x[j]), expected[j]);
      }
    }
    EXPECT_EQ(sum, expected);
  });
}

// Rows of a bank begin at any float.
TEST(CanonicalTest, AlignmentDoesNotMatter) {
  std::mt19937_64 random(kSeed);
  const Vectors vectors = RandomVectors(100, 1e-3, &random);
  for (const CanonicalArithmetic& arithmetic : AllCanonicalArithmetics()) {
    if (!arithmetic.supported()) continue;
    for (size_t offset = 0; offset < 8; ++offset) {
      std::vector<float> x(offset);
      std::vector<double> q(offset);
      x.insert(x.end(), vectors.x.begin(), vectors.x.end());
      q.insert(q.end(), vectors.q.begin(), vectors.q.end());
      EXPECT_EQ(arithmetic.dot(x.data() + offset, q.data() + offset, 100), DefinedDot(vectors.x, vectors.q));
    }
  }
}

TEST(CanonicalTest, PortableIsLastAndTheBestIsTheFirstSupported) {
  const absl::Span<const CanonicalArithmetic> all = AllCanonicalArithmetics();
  EXPECT_STREQ(all.back().name, "portable");
  EXPECT_TRUE(all.back().supported());
  EXPECT_EQ(&PortableCanonicalArithmetic(), &all.back());
  for (const CanonicalArithmetic& arithmetic : all) {
    if (!arithmetic.supported()) continue;
    EXPECT_EQ(&BestCanonicalArithmetic(), &arithmetic);
    break;
  }
}

}  // namespace
}  // namespace engram
