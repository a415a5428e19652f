#ifndef ENGRAM_CORE_TRANSFORM_RANGE_SLACK_H_
#define ENGRAM_CORE_TRANSFORM_RANGE_SLACK_H_

namespace engram {

// How far, relative to its size, a state may lie outside the range of a post-transformation and still count
// as inside: clients get states back rounded to float32.
constexpr double kRangeSlack = 1e-6;

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_RANGE_SLACK_H_
