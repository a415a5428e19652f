#ifndef ENGRAM_SERVER_LOSABLE_DEVICE_H_
#define ENGRAM_SERVER_LOSABLE_DEVICE_H_

#include <memory>

#include "core/sweep/sweeper.h"

namespace engram {

// For tests of what the server does when a device is lost, on machines without one; compiled in only with
// ENGRAM_FAILPOINTS. With the environment variable
//
//   ENGRAM_LOSABLE_DEVICE=PATH
//
// `sweeper` claims a device besides its own, which is lost when a file appears at PATH; all else stays as it
// is. Without the variable, or without ENGRAM_FAILPOINTS, returns `sweeper`.
std::unique_ptr<Sweeper> WithLosableDevice(std::unique_ptr<Sweeper> sweeper);

}  // namespace engram

#endif  // ENGRAM_SERVER_LOSABLE_DEVICE_H_
