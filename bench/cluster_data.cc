#include "bench/cluster_data.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "absl/types/span.h"

namespace engram::bench {
namespace {

constexpr int64_t kPatternsPerCluster = 100;

// Of a unit vector and the noisy copy that MoveAway makes of it, in expectation.
constexpr float kCosine = 0.8F;

using Random = std::mt19937_64;

void Normalize(absl::Span<float> row) {
  double square = 0;
  for (const float x : row) square += static_cast<double>(x) * x;
  const auto scale = static_cast<float>(1 / std::sqrt(square));
  for (float& x : row) x *= scale;
}

// A random direction.
void FillGaussian(absl::Span<float> row, Random* random) {
  std::normal_distribution<float> gaussian;
  std::generate(row.begin(), row.end(), [&] { return gaussian(*random); });
  Normalize(row);
}

// A unit vector at about kCosine from `origin`.
void MoveAway(absl::Span<const float> origin, absl::Span<float> row, Random* random) {
  FillGaussian(row, random);
  const float sine = std::sqrt(1 - kCosine * kCosine);
  for (size_t j = 0; j < row.size(); ++j) row[j] = kCosine * origin[j] + sine * row[j];
  Normalize(row);
}

}  // namespace

ClusterData MakeClusterData(int64_t pattern_count, int64_t cue_count, int64_t dim, uint64_t seed) {
  Random random(seed);
  ClusterData data;
  data.patterns.resize(pattern_count * dim);
  data.cues.resize(cue_count * dim);
  const auto pattern = [&](int64_t i) { return absl::MakeSpan(data.patterns).subspan(i * dim, dim); };
  std::vector<float> centre(dim);
  for (int64_t i = 0; i < pattern_count; ++i) {
    if (i % kPatternsPerCluster == 0) FillGaussian(absl::MakeSpan(centre), &random);
    MoveAway(centre, pattern(i), &random);
  }
  for (int64_t b = 0; b < cue_count; ++b) {
    MoveAway(pattern(b * pattern_count / cue_count), absl::MakeSpan(data.cues).subspan(b * dim, dim),
             &random);
  }
  return data;
}

}  // namespace engram::bench
