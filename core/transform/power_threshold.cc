#include "core/transform/power_threshold.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

#include "core/transform/blocked_sum.h"
#include "core/transform/galloping_search.h"
#include "core/transform/power_sketch.h"

namespace engram {
namespace {

// The searches below converge at the end quadratically or better; the bound only stops a loop that rounding
// keeps alive. A sample needs no more than the order of magnitude.
constexpr int kMaxNewtonSteps = 200;
constexpr int kMaxSampleSteps = 10;
// A step that is this small, relative to the unknown, leaves an error of the order of its square.
constexpr double kLastStep = 1e-8;
// A step that is this small changes nothing that matters.
constexpr double kNoStep = 2 * std::numeric_limits<double>::epsilon();
// A sum whose distance to 1 is below this and no longer shrinks is there up to its rounding.
constexpr double kRounding = 1e-8;
// Above this exponent heights near 1 are kept as their distance from it.
constexpr double kSteepExponent = 16;

// In the sample on which a solution begins, the i-th score stands for i / kSampleSharpness scores.
constexpr int64_t kSampleSharpness = 16;
// Of the sketches that answer for a sum, from rough to fine.
constexpr int64_t kSketchSharpness[] = {16, 512, 16384};
// Sums of fewer terms than this times a sketch's sharpness are not worth the sketch.
constexpr int64_t kShortSum = 16;
// More than rounding can move a sum of powers that is near 1.
constexpr double kSlack = 1e-6;

// What one score or all of them say at one point of a search: the sum that is to become 1, its slope and,
// where it is asked for, its curvature, each in the frame's units.
struct Sums {
  double power = 0;
  double slope = 0;
  double bend = 0;
};

// A frame says what is solved for, an unknown y, and what follows from it: of each score a base, which is
// raised to a power; of the raised base its terms in the sums; of the sums the next step of y.

// For e > 1 the norm |h|_e = (sum h^e)^(1/e) is convex in y, so that Newton's method on |h|_e = 1, after a
// first step that may lead below the root, comes down to it monotonically. Where all scores are equal the
// norm is linear, and one step enough. The step is |h| - 1 over the norm's slope, without the cancellation
// near the root.
double NormStep(double exponent, const Sums& sums) {
  return -sums.power * std::expm1(-std::log(sums.power) / exponent) / sums.slope;
}

// For e > 1: h_i = d_i + y, with d_i = scale (s_i - s_m) >= 0 above the least score of the support and y its
// height. Numbers of one sign are added, so that no height loses its digits, however small it is.
struct HeightFrame {
  static constexpr double kLowest = 0;
  static constexpr double kHighest = 1;

  void MoveTo(double y) { unknown = y; }
  double Base(double score) const { return scale * (score - origin) + unknown; }
  void Raise(absl::Span<double> bases) const { slope.Raise(bases); }
  Sums Terms(double raised, double base) const { return {raised * base, raised, 0}; }
  double Step(const Sums& sums) const { return NormStep(slope.exponent() + 1, sums); }
  double Threshold() const { return origin - unknown / scale; }

  double scale;
  double origin;  // The least score of the support.
  const Power& slope;
  double unknown = kHighest;
};

// For steep powers, e >> 1: h_i = 1 + (z_i + y), with z_i = scale (s_i - s_1) <= 0 and y = -1 - tau <= 0, so
// that h^e = exp(e log1p(z + y)). As e -> infinity this becomes the exponential of e (z + y) and -e y the
// log-sum-exp, without loss of digits.
struct ShiftFrame {
  static constexpr double kLowest = -1;
  static constexpr double kHighest = 0;

  void MoveTo(double y) { unknown = y; }
  double Base(double score) const { return scale * (score - origin) + unknown; }
  void Raise(absl::Span<double> bases) const {
    for (double& base : bases) base = base > -1 ? std::exp(slope.exponent() * std::log1p(base)) : 0.0;
  }
  Sums Terms(double raised, double base) const { return {raised * std::max(0.0, 1 + base), raised, 0}; }
  double Step(const Sums& sums) const { return NormStep(slope.exponent() + 1, sums); }
  double Threshold() const { return origin - (1 + unknown) / scale; }

  double scale;
  double origin;  // The largest score.
  const Power& slope;
  double unknown = kHighest;
};

// For e < 1, with a = 1 / e: p_i = h_i^e = (d_i + y^a)^e, with d as above and y the least of the p. In terms
// of tau the small p lose their digits: one unit in the last place of it moves them by that to the e. In y
// their sum has a slope between 1 and m.
struct RootFrame {
  static constexpr double kLowest = 0;
  static constexpr double kHighest = 1;

  void MoveTo(double y) {
    unknown = y;
    least_height = std::pow(y, 1 / power.exponent());
  }
  double Base(double score) const { return scale * (score - origin) + least_height; }
  void Raise(absl::Span<double> bases) const { power.Raise(bases); }
  Sums Terms(double raised, double base) const {
    if (base == least_height) return {unknown, 1, 1};
    // Rounding may leave the power of a base just above y^a below y.
    const double p = std::max(unknown, raised);
    const double share = least_height / base;
    return {p, p / unknown * share, p / unknown * share * share};
  }
  // The sum is convex in y and concave in y^a: Newton's method in y ends above the root and in y^a below it.
  // This is Newton's method in that power of y between the two in which the sum is straight.
  double Step(const Sums& sums) const {
    const double e = power.exponent();
    const double missing = 1 - sums.power;
    // 1 - (1 - e) bend / slope, which for ties is e, however small.
    const double straight = e + (1 - e) * (sums.slope - sums.bend) / sums.slope;
    const double factor = 1 + straight / e * missing / (unknown * sums.slope);
    if (!(factor > 0)) return -missing / sums.slope;
    return -unknown * std::expm1(e / straight * std::log(factor));
  }
  double Threshold() const { return origin - least_height / scale; }

  double scale;
  double origin;  // The least score of the support.
  const Power& power;
  double unknown = kHighest;
  double least_height = 1;  // y^a
};

// raised[i] of scores[i] and the sums, to which each score adds its terms counts[i] times, or once if there
// are no counts. In canonical order, as BlockedSum.
template <typename Frame>
Sums AddUp(const Frame& frame, absl::Span<const double> scores, absl::Span<const double> counts,
           absl::Span<double> raised) {
  Sums sums;
  for (size_t begin = 0; begin < scores.size(); begin += kSumBlock) {
    const auto block = raised.subspan(begin, kSumBlock);
    for (size_t i = 0; i < block.size(); ++i) block[i] = frame.Base(scores[begin + i]);
    frame.Raise(block);
    Sums of_block;
    for (size_t i = 0; i < block.size(); ++i) {
      const Sums terms = frame.Terms(block[i], frame.Base(scores[begin + i]));
      const double count = counts.empty() ? 1 : counts[begin + i];
      of_block.power += count * terms.power;
      of_block.slope += count * terms.slope;
      of_block.bend += count * terms.bend;
    }
    sums.power += of_block.power;
    sums.slope += of_block.slope;
    sums.bend += of_block.bend;
  }
  return sums;
}

// Solves for the frame's unknown, from the one it has.
template <typename Frame>
void SolveByNewton(int max_steps, absl::Span<const double> scores, absl::Span<const double> counts,
                   absl::Span<double> raised, Frame* frame) {
  double last_error = std::numeric_limits<double>::infinity();
  bool is_last = false;
  for (int i = 0; i < max_steps; ++i) {
    const double y = frame->unknown;
    const Sums sums = AddUp(*frame, scores, counts, raised);
    const double step = frame->Step(sums);
    const double next = std::min(std::max(y - step, Frame::kLowest), Frame::kHighest);
    const double error = std::abs(sums.power - 1);
    const bool is_rounding = error >= last_error && last_error < kRounding;
    if (is_last || is_rounding || next == y || std::abs(step) <= kNoStep * std::abs(y)) return;
    is_last = std::abs(step) <= kLastStep * std::abs(y) || next == Frame::kLowest;
    last_error = error;
    frame->MoveTo(next);
  }
}

// A few of many scores, each with the number of those that it stands for.
struct Sample {
  std::vector<double> scores;
  std::vector<double> counts;
};

// The middles of blocks that grow with their distance from the first score.
Sample SampleOf(absl::Span<const double> scores) {
  Sample sample;
  for (size_t begin = 0; begin < scores.size();) {
    const auto block = scores.subspan(begin, 1 + begin / kSampleSharpness);
    sample.scores.push_back(block[block.size() / 2]);
    sample.counts.push_back(static_cast<double>(block.size()));
    begin += block.size();
  }
  return sample;
}

// PowerThreshold::Solve in `frame`.
template <typename Frame>
double SolveIn(Frame frame, absl::Span<const double> support, PowerThreshold::Term term,
               absl::Span<double> terms) {
  if (support.size() > kSampleSharpness) {
    // The solution of a sample is so near that two or three passes over all scores suffice.
    const Sample sample = SampleOf(support);
    SolveByNewton<Frame>(kMaxSampleSteps, sample.scores, sample.counts, terms.first(sample.scores.size()),
                         &frame);
    if (frame.unknown == Frame::kLowest) frame.MoveTo(Frame::kHighest);
  }
  SolveByNewton<Frame>(kMaxNewtonSteps, support, {}, terms, &frame);
  if (term == PowerThreshold::Term::kPower) {
    for (size_t i = 0; i < support.size(); ++i) {
      terms[i] = frame.Terms(terms[i], frame.Base(support[i])).power;
    }
  }
  return frame.Threshold();
}

}  // namespace

PowerThreshold::PowerThreshold(double scale, double exponent)
    : scale_(scale), exponent_(exponent), power_(exponent), slope_(std::max(0.0, exponent - 1)) {}

bool PowerThreshold::IsAbove(absl::Span<const double> scores, int64_t j) const {
  double sum = 0;
  std::array<double, 64> buffer;
  for (int64_t begin = 0; begin < j; begin += buffer.size()) {
    const auto powers = absl::MakeSpan(buffer).first(std::min<size_t>(buffer.size(), j - begin));
    for (size_t i = 0; i < powers.size(); ++i) powers[i] = scale_ * (scores[begin + i] - scores[j]);
    power_.Raise(powers);
    for (const double power : powers) sum += power;
    if (!(sum < 1)) return false;
  }
  return true;
}

int64_t PowerThreshold::SupportSize(absl::Span<const double> scores) const {
  const auto count = static_cast<int64_t>(scores.size());
  if (exponent_ == 1) {
    // What the scores so far lack to a sum of 1, all terms of one sign; each gap lifts all of them.
    double missing = 1;
    int64_t size = 1;
    for (; size < count; ++size) {
      missing -= static_cast<double>(size) * (scale_ * (scores[size - 1] - scores[size]));
      if (!(missing > 0)) break;
    }
    return size;
  }
  // A sketch answers as the sum itself would, or not at all; if none does, the sum is added up.
  std::vector<PowerSketch> sketches;
  for (const int64_t sharpness : kSketchSharpness) sketches.emplace_back(scores, sharpness);
  const auto is_above = [&](int64_t j) {
    if (j >= count) return false;  // Rows that are not there fail as those below the threshold would.
    for (PowerSketch& sketch : sketches) {
      if (j < kShortSum * sketch.sharpness()) break;
      const PowerSketch::Bounds sum = sketch.SumAbove(j, scores[j], scale_, power_);
      if (sum.high < 1 - kSlack) return true;
      if (sum.low > 1 + kSlack) return false;
    }
    return IsAbove(scores, j);
  };
  return GallopToLast(is_above) + 1;
}

double PowerThreshold::CutFrom(absl::Span<const double> lower_bounds, Term term) const {
  const auto support = lower_bounds.first(SupportSize(lower_bounds));
  std::vector<double> terms(support.size());
  return Solve(support, term, absl::MakeSpan(terms));
}

void PowerThreshold::Project(absl::Span<const double> scores, Term term, absl::Span<double> weights) const {
  assert(!scores.empty() && scores.size() == weights.size());
  const size_t size = SupportSize(scores);
  const auto support_weights = weights.first(size);
  Solve(scores.first(size), term, support_weights);
  // Of powers it takes away the last rounding error of the threshold; a zero stays zero.
  const double sum = BlockedSum(support_weights);
  for (double& weight : support_weights) weight /= sum;
  std::fill(weights.begin() + size, weights.end(), 0.0);
}

double PowerThreshold::Solve(absl::Span<const double> support, Term term, absl::Span<double> terms) const {
  assert(!support.empty() && support.size() == terms.size());
  assert(exponent_ >= 1 || term == Term::kPower);
  if (support.size() == 1) {
    terms[0] = 1;
    return support[0] - 1 / scale_;
  }
  if (exponent_ == 1) return SolveLinear(support, term, terms);
  if (exponent_ == 2) return SolveQuadratic(support, term, terms);
  if (exponent_ < 1) return SolveIn(RootFrame{scale_, support.back(), power_}, support, term, terms);
  if (exponent_ <= kSteepExponent) {
    return SolveIn(HeightFrame{scale_, support.back(), slope_}, support, term, terms);
  }
  return SolveIn(ShiftFrame{scale_, support.front(), slope_}, support, term, terms);
}

// With d_i = scale (s_i - s_m) >= 0 above the least score, whose height is y: h_i = d_i + y. The d sum to
// less than 1, however many there are, so that nothing cancels.
double PowerThreshold::SolveLinear(absl::Span<const double> support, Term term,
                                   absl::Span<double> terms) const {
  const double least = support.back();
  for (size_t i = 0; i < support.size(); ++i) terms[i] = scale_ * (support[i] - least);
  const double y = std::max(0.0, 1 - BlockedSum(terms)) / static_cast<double>(support.size());
  for (double& h : terms) h = term == Term::kPower ? h + y : 1;
  return least - y / scale_;
}

// The same with h_i^2 = (d_i + y)^2: the positive root of m y^2 + 2 sum(d) y = 1 - sum(d^2).
double PowerThreshold::SolveQuadratic(absl::Span<const double> support, Term term,
                                      absl::Span<double> terms) const {
  const double least = support.back();
  const auto size = static_cast<double>(support.size());
  for (size_t i = 0; i < support.size(); ++i) {
    const double d = scale_ * (support[i] - least);
    terms[i] = d * d;
  }
  const double missing = std::max(0.0, 1 - BlockedSum(terms));
  for (size_t i = 0; i < support.size(); ++i) terms[i] = scale_ * (support[i] - least);
  const double sum = BlockedSum(terms);
  const double divisor = sum + std::sqrt(sum * sum + size * missing);
  const double y = divisor > 0 ? missing / divisor : 0;
  for (double& h : terms) h = term == Term::kPower ? (h + y) * (h + y) : h + y;
  return least - y / scale_;
}

}  // namespace engram
