#ifndef ENGRAM_CORE_TRANSFORM_ORDERED_SCORES_H_
#define ENGRAM_CORE_TRANSFORM_ORDERED_SCORES_H_

#include <cstdint>

#include "absl/types/span.h"

namespace engram {

// Scaled scores theta of some of a bank's patterns and where those stand among all of the bank's patterns
// by ascending id.
struct OrderedScores {
  absl::Span<const double> theta;       // [m], descending.
  absl::Span<const int64_t> positions;  // [m], distinct, 0 is the bank's lowest id.
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_ORDERED_SCORES_H_
