#ifndef ENGRAM_TESTS_CORE_ENGINE_PLAIN_UPDATE_H_
#define ENGRAM_TESTS_CORE_ENGINE_PLAIN_UPDATE_H_

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/transform/dynamics.h"

namespace engram {

// Patterns [N, D] and values [N, V] by ascending id, in double precision: what a bank holds, but that they
// can be moved by steps that float32 does not have.
struct PlainBank {
  std::vector<std::vector<double>> patterns;
  std::vector<std::vector<double>> values;
};

// One update by its definition: no sweep, no window, no blocks, no float32.
struct PlainUpdate {
  std::vector<double> weights;  // [N]
  std::vector<double> next;     // [D]
  std::vector<double> value;    // [V]
  double conjugate = 0;         // Omega*(theta).
};

inline double PlainDot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// sum_i weights[i] rows[i].
inline std::vector<double> PlainSum(const std::vector<std::vector<double>>& rows,
                                    const std::vector<double>& weights) {
  std::vector<double> sum(rows.empty() ? 0 : rows.front().size());
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < sum.size(); ++j) sum[j] += weights[i] * rows[i][j];
  }
  return sum;
}

// The update by `scores` X q, which need not be those of any state.
inline PlainUpdate PlainUpdateOfScores(const PlainBank& bank, const Dynamics& dynamics,
                                       const std::vector<double>& scores) {
  std::vector<int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) { return scores[a] > scores[b]; });
  std::vector<double> theta;
  for (const int64_t i : order) theta.push_back(dynamics.beta * scores[i]);
  const Projection projection = Project(dynamics.transform, {theta, order});
  PlainUpdate update;
  update.weights.resize(scores.size());
  for (size_t i = 0; i < order.size(); ++i) update.weights[order[i]] = projection.weights[i];
  update.next = Apply(dynamics.post_transform, PlainSum(bank.patterns, update.weights), dynamics.beta);
  update.value = PlainSum(bank.values, update.weights);
  update.conjugate = projection.conjugate;
  return update;
}

inline PlainUpdate PlainUpdateOf(const PlainBank& bank, const Dynamics& dynamics,
                                 const std::vector<double>& state) {
  std::vector<double> scores;
  for (const std::vector<double>& x : bank.patterns) scores.push_back(PlainDot(x, state));
  return PlainUpdateOfScores(bank, dynamics, scores);
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_ENGINE_PLAIN_UPDATE_H_
