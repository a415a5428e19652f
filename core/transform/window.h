#ifndef ENGRAM_CORE_TRANSFORM_WINDOW_H_
#define ENGRAM_CORE_TRANSFORM_WINDOW_H_

#include <cstdint>

namespace engram {

// The simple rule of a transformation: a pattern can have weight only if its scaled score
// theta = beta x.q lies above theta_(rank) - width, where theta_(rank) is the rank-th largest.
struct Window {
  int64_t rank = 1;
  double width = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_WINDOW_H_
