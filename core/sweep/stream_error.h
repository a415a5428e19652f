#ifndef ENGRAM_CORE_SWEEP_STREAM_ERROR_H_
#define ENGRAM_CORE_SWEEP_STREAM_ERROR_H_

#include <cstdint>

namespace engram {

// What a streamed update knows of its own rounding.
struct StreamRounding {
  int64_t dim = 0;
  int64_t row_count = 0;  // Visible rows.
  // Blocks of rows, with a visible one, whose sums were added to one another. Where sums in double are
  // rescaled and added in another way, their operations in a row: see core/sweep/cuda/streamed_rows.cc.
  int64_t block_count = 0;
  double beta = 1;
  double state_norm = 0;        // |q|
  double scale = 1;             // A power of two, |q| / scale in [1/2, 1), or 1 for q = 0.
  double largest_norm = 0;      // R, of the visible rows.
  double mean_square = 0;       // E |x|^2 under the weights that were computed.
  double combination_norm = 0;  // |z|, z the combination that was computed.
};

// A bound of |z - X^T p|, p = softmax(beta X q) over the visible rows in exact arithmetic, for a z that
// StreamKernels and double arithmetic computed.
//
// Proof. Let u = 2^-24 and t_i = beta <x_i, q>.
//
// 1. Scores. A state divided by its scale and rounded to float32 moves a score by u |x_i| |q|, and a float32
//    sum with at most m = D / 32 + 7 roundings in a row by gamma |x_i| |q| (1 + u), gamma = m u / (1 - m u)
//    (see FloatScreen); underflow takes up to 2 (D + 2) 2^-149 scale, and in components of the state itself
//    sqrt(D) 2^-150 |x_i| scale, for which spare roundings are counted. So a scaled score is off by at most
//    a |x_i| + b.
//
// 2. Weights. The rest is relative: 2^-24 for rounding a weight to float32, and in double the exponential,
//    its argument of at most the window (below 2^7), and one rescaling for each new maximum, together below
//    2^-40 + n 2^-50, where n is the number of double operations in a row: at most one for each block and
//    those of 16 strips, or what is said to take their place. Thus the weights computed are those of
//    softmax(t + d), |d_i| <= e_i = a |x_i| + b + c, c = u + 2^-40 + n 2^-50. Rows outside the window, as it
//    was computed, may have any weight up to that which puts them there: they share at most exp(2 e) 2^-52
//    of the mass with and without the error (e = a R + b + c is the largest e_i), and leaving them out moves
//    a mean by at most twice R times that.
//
// 3. From d to the state. Let p(s) = softmax(t + s d), 0 <= s <= 1, so that p(1) is what was computed. Then
//    d/ds sum_i p_i(s) x_i = Cov_p(s)(d, x), and by Cauchy-Schwarz, in each direction, its norm is at most
//    sqrt(E d^2) sqrt(E |x - z'|^2) under p(s), for any z'. log(p_i(s) / p_i(1)) is at most 2 e, so both
//    expectations are at most exp(2 e) times those under p(1):
//
//      |sum_i (p_i(1) - p_i(0)) x_i| <= exp(2 e) (a A + b + c) S,   A^2 = E |x|^2,  S^2 = A^2 - |z'|^2,
//
//    with z' the mean under p(1). (sqrt(E (a |x| + b + c)^2) <= a A + b + c by Minkowski.) S makes the
//    bound small where one pattern has nearly all the weight. All of it grows with A, so that norms may be
//    rounded up.
//
// 4. Sums. Each float32 sum has at most 34 roundings in a row, so that it is off by gamma_34 sum_i w_i |x_i|
//    in norm, and those in double by n 2^-52 of the same; sum_i w_i |x_i| / sum_i w_i <= A. Underflow takes
//    at most N 2^-149 sqrt(D), since the sum of the weights is at least 1. So |z - z'| <= f = g A + N 2^-149
//    sqrt(D), and S^2 <= A^2 - max(0, |z| - f)^2.
//
// The bound is exp(2 e) (a A + b + c) S + f + 2^-48 R. If e > 1/2 it is not worth computing: both the result
// and what was computed lie in the hull of the patterns, up to f, so 2 R + f bounds it, which is also the
// most that is returned. Sums of norms in double are within 2^-30 for any bank that fits in memory; a
// factor of 1.001 takes up that, the rounding of the norms, and that of the bound itself.
double StreamErrorBound(const StreamRounding& rounding);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_STREAM_ERROR_H_
