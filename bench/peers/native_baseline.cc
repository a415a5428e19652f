// This file alone is compiled for the processor it is built on. Eigen's functions carry the same names
// whatever they are compiled for, and the linker keeps one of each: under a name of its own this Eigen cannot
// take the place of that of the backends, nor the other way round.
#define Eigen EigenForThisProcessor

#include "bench/peers/native_baseline.h"

#include <Eigen/Core>
#include <algorithm>
#include <cstring>
#include <functional>

namespace engram::bench {
namespace {

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Sparsemax of `scores`, after a full sort.
void ProjectOntoSimplex(Eigen::Ref<Eigen::VectorXf> scores) {
  Eigen::VectorXf sorted = scores;
  std::sort(sorted.data(), sorted.data() + sorted.size(), std::greater<float>());
  float sum = 0;
  float threshold = 0;
  for (int64_t i = 0; i < sorted.size(); ++i) {
    sum += sorted[i];
    const float candidate = (sum - 1) / static_cast<float>(i + 1);
    if (!(sorted[i] > candidate)) break;
    threshold = candidate;
  }
  scores = (scores.array() - threshold).cwiseMax(0);
}

}  // namespace

void UpdateByPlainEigen(const float* patterns, int64_t pattern_count, int64_t dim, const float* states,
                        int64_t state_count, float beta, float* next) {
  const Eigen::Map<const RowMajor> x(patterns, pattern_count, dim);
  const Eigen::Map<const RowMajor> q(states, state_count, dim);
  Eigen::Map<RowMajor> result(next, state_count, dim);
  if (state_count == 1) {  // Products with a vector are faster than with a matrix of one column.
    Eigen::VectorXf scores = beta * (x * q.row(0).transpose());
    ProjectOntoSimplex(scores);
    result.row(0).noalias() = scores.transpose() * x;
    return;
  }
  Eigen::MatrixXf scores = beta * (x * q.transpose());
  for (int64_t b = 0; b < state_count; ++b) ProjectOntoSimplex(scores.col(b));
  result.noalias() = scores.transpose() * x;
}

uint64_t ReadFloats(const float* data, int64_t count) {
  // One stream with the processor's own prefetching is not what memory can give.
  constexpr int64_t kStreams = 4;
  constexpr int64_t kAhead = 512;  // Floats.
  constexpr int64_t kLanes = 8;    // Words of 8 bytes: a cache line.
  uint64_t sums[kStreams][kLanes] = {};
  const int64_t length = count / kStreams / (2 * kLanes) * (2 * kLanes);
  for (int64_t i = 0; i < length; i += 2 * kLanes) {
    for (int64_t s = 0; s < kStreams; ++s) {
      const float* const line = data + s * length + i;
      __builtin_prefetch(line + kAhead);
      uint64_t words[kLanes];
      std::memcpy(words, line, sizeof words);
      for (int64_t l = 0; l < kLanes; ++l) sums[s][l] += words[l];
    }
  }
  uint64_t total = 0;
  for (const auto& stream : sums) {
    for (const uint64_t sum : stream) total += sum;
  }
  for (int64_t i = kStreams * length; i < count; ++i) {
    uint32_t word;
    std::memcpy(&word, data + i, sizeof word);
    total += word;
  }
  return total;
}

}  // namespace engram::bench
