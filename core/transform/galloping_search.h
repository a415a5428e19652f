#ifndef ENGRAM_CORE_TRANSFORM_GALLOPING_SEARCH_H_
#define ENGRAM_CORE_TRANSFORM_GALLOPING_SEARCH_H_

#include <cstdint>

namespace engram {

// The last index i for which holds(i), by doubling steps and then halves: which indices are looked at does
// not depend on how many there are. REQUIRES: `holds` is true at 0 and, once it is false, stays so; it is
// asked about indices beyond the end, too.
template <typename Predicate>
int64_t GallopToLast(const Predicate& holds) {
  int64_t last = 0;
  int64_t step = 1;
  while (holds(last + step)) {
    last += step;
    step *= 2;
  }
  int64_t end = last + step;
  while (end - last > 1) {
    const int64_t middle = last + (end - last) / 2;
    (holds(middle) ? last : end) = middle;
  }
  return last;
}

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_GALLOPING_SEARCH_H_
