#ifndef ENGRAM_CORE_BASE_ORDERED_BITS_H_
#define ENGRAM_CORE_BASE_ORDERED_BITS_H_

#include <cstdint>
#include <cstring>

#include "core/base/host_device.h"

namespace engram {

// The bits of numbers other than NaN as integers in the same order; -0 comes before 0.
ENGRAM_HOST_DEVICE inline uint32_t OrderedBits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
}

// And back.
ENGRAM_HOST_DEVICE inline float FromOrderedBits(uint32_t ordered) {
  const uint32_t bits = (ordered >> 31) != 0 ? ordered & 0x7fffffffU : ~ordered;
  float x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_ORDERED_BITS_H_
