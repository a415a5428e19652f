#ifndef ENGRAM_TESTS_CORE_SWEEP_EXACT_UPDATE_H_
#define ENGRAM_TESTS_CORE_SWEEP_EXACT_UPDATE_H_

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "core/bank/bank_snapshot.h"
#include "core/sweep/softmax_stream.h"
#include "core/transform/softmax.h"

namespace engram {

// softmax(beta X q) X of the rows visible at `version`, in long double.
inline std::vector<long double> ExactUpdate(const BankSnapshot& bank, const StreamState& state) {
  std::vector<long double> theta;
  std::vector<absl::Span<const float>> rows;
  for (int32_t s = 0; s < bank.segment_count(); ++s) {
    for (int32_t i = 0; i < bank.rows_in_segment(s); ++i) {
      if (!bank.segment(s).VisibleAt(i, state.version)) continue;
      rows.push_back(bank.segment(s).pattern(i));
      long double score = 0;
      for (size_t j = 0; j < rows.back().size(); ++j) {
        score += static_cast<long double>(rows.back()[j]) * static_cast<long double>(state.state[j]);
      }
      theta.push_back(static_cast<long double>(state.beta) * score);
    }
  }
  const long double largest = *std::max_element(theta.begin(), theta.end());
  long double total = 0;
  std::vector<long double> sum(bank.settings().dim, 0);
  for (size_t i = 0; i < rows.size(); ++i) {
    const long double weight = std::exp(theta[i] - largest);
    total += weight;
    for (size_t j = 0; j < sum.size(); ++j) sum[j] += weight * static_cast<long double>(rows[i][j]);
  }
  for (long double& z : sum) z /= total;
  return sum;
}

inline double Distance(const std::vector<double>& a, const std::vector<long double>& b) {
  long double squared = 0;
  for (size_t j = 0; j < a.size(); ++j) {
    const long double difference = static_cast<long double>(a[j]) - b[j];
    squared += difference * difference;
  }
  return static_cast<double>(std::sqrt(squared));
}

inline StreamState StateFor(const BankSnapshot& bank, const std::vector<double>& state, double beta) {
  return {state, beta, Softmax().WindowFor(bank.pattern_count()).width, bank.version()};
}

enum class Rows { kNormal, kClusters, kHugeNorms, kCancelling, kCommonPart, kTiny, kCopies, kZero };

inline std::vector<float> MakeRows(Rows kind, int64_t count, int64_t dim, std::mt19937_64* random) {
  std::normal_distribution<float> normal;
  std::vector<float> rows(count * dim);
  for (float& x : rows) x = normal(*random);
  for (int64_t i = 0; i < count; ++i) {
    float* row = rows.data() + i * dim;
    for (int64_t j = 0; j < dim; ++j) {
      switch (kind) {
        case Rows::kNormal:
          break;
        case Rows::kClusters:
          row[j] = rows[(i % 7) * dim + j] + (i < 7 ? 0 : 1e-3F * row[j]);
          break;
        case Rows::kHugeNorms:
          row[j] *= i % 3 == 0 ? 1e6F : i % 3 == 1 ? 1.0F : 1e-6F;
          break;
        case Rows::kCancelling:  // Large parts that cancel in each score.
          row[j] = j % 2 == 1 ? -row[j - 1] * (1 + 0x1p-20F * static_cast<float>(i % 5)) : 1e4F * row[j];
          break;
        case Rows::kCommonPart:
          row[j] = 100 + 0.01F * row[j];
          break;
        case Rows::kTiny:
          row[j] *= 1e-40F;
          break;
        case Rows::kCopies:
          row[j] = rows[j];
          break;
        case Rows::kZero:
          row[j] = 0;
          break;
      }
    }
  }
  return rows;
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_SWEEP_EXACT_UPDATE_H_
