#ifndef ENGRAM_CORE_TRANSFORM_PROJECTION_H_
#define ENGRAM_CORE_TRANSFORM_PROJECTION_H_

#include <vector>

namespace engram {

// What a transformation makes of scores.
struct Projection {
  std::vector<double> weights;  // Of each score.
  double conjugate = 0;         // Omega*(scores).
  // How far <p, theta> - Omega(p) may lie below its maximum; 0 where the solution is closed or to rounding.
  double duality_gap = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_PROJECTION_H_
