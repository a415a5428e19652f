#ifndef ENGRAM_SERVER_LIMITS_H_
#define ENGRAM_SERVER_LIMITS_H_

#include <cstdint>

#include "absl/time/time.h"

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
  // Of a recall, such that no penalised score overflows a double.
  static constexpr double kMaxStrength = 1e30;
  static constexpr double kMaxBonus = 1e6;
  static constexpr int64_t kMaxPairs = 10'000;
  static constexpr int64_t kDefaultPairs = 10;
  static constexpr int kMaxBins = 1'000;
  static constexpr int kDefaultBins = 20;
  static constexpr int64_t kMaxScanPatterns = 65'536;
  // About what a message of a scan takes up unless the request says how many patterns.
  static constexpr int64_t kScanMessageBytes = 1 << 20;
  static constexpr int64_t kMaxChunkBytes = 1 << 20;
  static constexpr int64_t kMaxUploads = 64;
  // An upload without a chunk for so long is forgotten.
  static constexpr absl::Duration kUploadIdle = absl::Hours(1);
  // Requests of one RetrieveStream that are not answered yet; further ones are not read.
  static constexpr int64_t kMaxStreamRequests = 64;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_LIMITS_H_
