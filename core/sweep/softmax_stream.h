#ifndef ENGRAM_CORE_SWEEP_SOFTMAX_STREAM_H_
#define ENGRAM_CORE_SWEEP_SOFTMAX_STREAM_H_

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/types/span.h"
#include "core/bank/row_ref.h"

namespace engram {

// One state whose softmax update is to be streamed: scores, weights and combination in one read of the
// patterns.
struct StreamState {
  // Of `most_members`: however many there are.
  static constexpr int64_t kAllMembers = std::numeric_limits<int64_t>::max();

  // q [D], finite. Somebody else's data.
  absl::Span<const double> state;
  // Inverse temperature.
  double beta = 1;
  // Rows whose scaled score lies `window` or more below the largest may be left out: they share less than
  // 2^-53 of the mass. See Softmax::WindowFor.
  double window = 0;
  // Rows visible at this version count, at least one; at most the version of the snapshot that is swept.
  int64_t version = 0;
  // How many rows of largest weight are to be named, at most; at least 0.
  int64_t most_members = 0;
};

// A row with weight, and its score <x, q> = scale * score, about.
struct StreamMember {
  float score = 0;
  RowRef row;
};

// What a streamed update returns.
struct StreamedSoftmax {
  // The score of rows that are not visible.
  static constexpr float kInvisible = -std::numeric_limits<float>::infinity();

  // sum_i p_i x_i [D], p = softmax(beta X q).
  std::vector<double> combination;
  // Bound of |combination - sum_i p_i x_i| in Euclidean norm, with p and the sum in exact arithmetic.
  double error_bound = 0;
  // What scores are multiplied by: see StreamMember.
  double scale = 1;
  // The largest score of a visible row, and the sum of exp(beta scale (score - largest)) over those with
  // weight.
  float largest = kInvisible;
  double total = 0;
  // How many rows have weight: those visible for which beta scale (score - largest) > -window, in double.
  int64_t support_size = 0;
  // Of them at least the first `most_members` by descending score, then ascending id, if there are as many;
  // perhaps more. In any order.
  std::vector<StreamMember> members;
};

// A power of two such that norm / it is in [1/2, 1); 1 for 0: what StreamedSoftmax::scale is for |q|.
inline double ScaleFor(double norm) {
  int exponent = 0;
  std::frexp(norm, &exponent);
  return std::ldexp(1.0, exponent);
}

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_SOFTMAX_STREAM_H_
