#ifndef ENGRAM_CORE_BASE_CLOCK_H_
#define ENGRAM_CORE_BASE_CLOCK_H_

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace engram {

// Where the time comes from; tests inject their own. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual absl::Time Now() const = 0;
};

// The wall clock.
class SystemClock : public Clock {
 public:
  absl::Time Now() const override { return absl::Now(); }
};

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_CLOCK_H_
