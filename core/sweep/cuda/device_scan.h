#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_SCAN_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_SCAN_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/base/thread_pool.h"
#include "core/sweep/cuda/gpu.h"
#include "core/sweep/cuda/resident_tiles.h"
#include "core/sweep/cuda/select_kernels.h"
#include "core/sweep/cuda/workspace.h"
#include "core/sweep/sweeper.h"

namespace engram {

// The upper bounds of a device's tiles for the states of one pass over the codes. They stay on the device and
// serve these states and later ones of the same queries.
//
// What is launched is fetched with the same workspace, so that several devices can be at work between.
// RESOURCE_EXHAUSTED: the device has no memory for it. UNAVAILABLE: it is lost.
class DeviceScan {
 public:
  explicit DeviceScan(ResidentTiles tiles) : tiles_(std::move(tiles)) {}
  DeviceScan(const DeviceScan&) = delete;
  DeviceScan& operator=(const DeviceScan&) = delete;

  const ResidentTiles& tiles() const { return tiles_; }

  // The pass over the codes. Called once, before all else.
  absl::Status LaunchScan(absl::Span<const SweepState> states, Workspace* workspace);
  // Appends to lowers[b] lower bounds of the scores of different rows, not scaled.
  absl::Status FetchLowers(Workspace* workspace, absl::Span<std::vector<double>> lowers) const;

  // What is wanted of state b of the scan, or of a later one of the same query.
  struct Request {
    const SweepState* state = nullptr;
    int64_t b = 0;
    double cut = 0;  // Not scaled. No row with a lower score is wanted.
    // Bounds of the state's scores: see ScannedState. Those of the scan's own state are factor 1, distance 0.
    float factor = 1;
    float distance = 0;
    // Appended to: every row of a tile whose score may reach the cut.
    SurvivorList* survivors = nullptr;
    // Made false if there was no room for them.
    bool fits = true;
  };
  // Looks for them. REQUIRES: there are requests, for states b, b + 1, ... of the scan. Thread-safe, as all
  // that follows.
  absl::Status LaunchSelect(absl::Span<const Request> requests, Workspace* workspace) const;
  // For the same requests. Rows whose patterns are not resident are scored here, on `pool` unless it is null.
  absl::Status FetchSelected(absl::Span<Request> requests, ThreadPool* pool, Workspace* workspace) const;

 private:
  // What there was no room for.
  absl::Status SelectInHalves(absl::Span<Request> requests, ThreadPool* pool, Workspace* workspace) const;

  const ResidentTiles tiles_;
  DeviceBytes uppers_;          // [B, T]
  std::vector<double> scales_;  // [B]
  int64_t chunk_count_ = 0;     // Shares of the tiles that have a lower bound of each.
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_SCAN_H_
