#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_SCAN_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_SCAN_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/sweep/cuda/gpu.h"
#include "core/sweep/cuda/select_kernels.h"
#include "core/sweep/cuda/workspace.h"
#include "core/sweep/sweeper.h"
#include "core/sweep/tile_sequence.h"

namespace engram {

// The tiles of a snapshot that lie on a device, whole.
class ResidentTiles {
 public:
  // Null: the snapshot has no tile, or one that is not resident.
  static std::optional<ResidentTiles> Find(BankSnapshot bank);

  const BankSnapshot& bank() const { return bank_; }
  const TileSequence& tiles() const { return tiles_; }
  // Pointers to the device's memory.
  const std::vector<DeviceTiles>& segments() const { return segments_; }
  // Whether the patterns of all of them are resident, too.
  bool has_patterns() const { return has_patterns_; }
  // With the segments' addresses on the device.
  DeviceBank OnDevice(const DeviceTiles* segments) const;

 private:
  explicit ResidentTiles(BankSnapshot bank) : bank_(std::move(bank)), tiles_(bank_) {}

  BankSnapshot bank_;
  TileSequence tiles_;
  std::vector<DeviceTiles> segments_;
  bool has_patterns_ = true;
};

// The upper bounds of all tiles for the states of one pass over the codes. They stay on the device and serve
// these states and later ones of the same queries. Thread-safe but for Scan.
class DeviceScan {
 public:
  DeviceScan(Gpu* gpu, ResidentTiles tiles) : gpu_(gpu), tiles_(std::move(tiles)) {}
  ~DeviceScan();
  DeviceScan(const DeviceScan&) = delete;
  DeviceScan& operator=(const DeviceScan&) = delete;

  const ResidentTiles& tiles() const { return tiles_; }

  // The pass over the codes. lowers[b]: lower bounds of the scores of different rows, not scaled. Called
  // once. RESOURCE_EXHAUSTED: the device has no memory for the bounds. UNAVAILABLE: it is lost.
  absl::Status Scan(absl::Span<const SweepState> states, Workspace* workspace,
                    std::vector<std::vector<double>>* lowers);

  // What is wanted of state b of the scan, or of a later one of the same query.
  struct Request {
    const SweepState* state = nullptr;
    int64_t b = 0;
    double cut = 0;  // Not scaled. No row with a lower score is wanted.
    // Bounds of the state's scores: see ScannedState. Those of the scan's own state are factor 1, distance 0.
    float factor = 1;
    float distance = 0;
    // Filled: every row of a tile whose score may reach the cut.
    SurvivorList* survivors = nullptr;
    // Filled: whether there was room for them.
    bool fits = false;
  };
  // REQUIRES: the requests are for states b, b + 1, ... of the scan.
  absl::Status Select(absl::Span<Request> requests, Workspace* workspace) const;

 private:
  // The rows that each state sees, on the device, for as long as the result lives.
  struct Visible {
    std::vector<std::shared_ptr<const VisibleTiles>> owners;
    std::vector<const uint16_t*> rows;  // [B]
  };
  absl::StatusOr<Visible> FindVisible(const std::vector<const SweepState*>& states,
                                      Workspace* workspace) const;
  absl::Status SelectOnce(absl::Span<Request> requests, Workspace* workspace, EntryCounts* counts) const;

  Gpu* const gpu_;
  const ResidentTiles tiles_;
  std::optional<Bytes> uppers_;  // [B, T]
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_SCAN_H_
