#ifndef ENGRAM_SERVER_LIMITS_H_
#define ENGRAM_SERVER_LIMITS_H_

#include <cstdint>

namespace engram {

// What a server accepts; the one place for these numbers. GetCapabilities reports them.
struct Limits {
  // Settings of the server; see options.cc.
  int64_t max_message_bytes = 0;
  int64_t max_batch = 0;

  // Parts of the API.
  static constexpr int64_t kMaxDim = 65'536;
  static constexpr int64_t kMaxNameBytes = 128;
  static constexpr int64_t kMaxPayloadBytes = 64 << 10;
  static constexpr int kMaxIterations = 10'000;
  static constexpr int64_t kMaxSupport = 1'000'000;
  static constexpr int64_t kDefaultSupport = 100;
  static constexpr int kMaxPageSize = 1'000;
  static constexpr int kDefaultPageSize = 100;
  // Magnitude of a component, such that no sum of k patterns overflows a float32.
  static constexpr float kMaxMagnitude = 1e30f;
  static constexpr double kMinBeta = 1e-30;
  static constexpr double kMaxBeta = 1e30;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_LIMITS_H_
