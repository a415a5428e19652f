#ifndef ENGRAM_TESTS_CORE_ENGINE_FAKE_CLOCK_H_
#define ENGRAM_TESTS_CORE_ENGINE_FAKE_CLOCK_H_

#include <atomic>
#include <cstdint>

#include "core/base/clock.h"

namespace engram {

// A clock that stands still until it is told to go on. Thread-safe.
class FakeClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixSeconds(seconds_.load()); }
  void Advance(int64_t seconds) { seconds_ += seconds; }

 private:
  std::atomic<int64_t> seconds_{1000};
};

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_ENGINE_FAKE_CLOCK_H_
