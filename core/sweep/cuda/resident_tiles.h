#ifndef ENGRAM_CORE_SWEEP_CUDA_RESIDENT_TILES_H_
#define ENGRAM_CORE_SWEEP_CUDA_RESIDENT_TILES_H_

#include <vector>

#include "core/bank/bank_snapshot.h"
#include "core/sweep/cuda/device_tiles.h"
#include "core/sweep/cuda/gpu.h"
#include "core/sweep/tile_sequence.h"

namespace engram {

// The tiles of a snapshot that lie on one device, numbered through.
class ResidentTiles {
 public:
  // `tiles`: those of the segments that lie on `gpu`.
  ResidentTiles(BankSnapshot bank, TileSequence tiles, Gpu* gpu);

  Gpu* gpu() const { return gpu_; }
  // The whole of it.
  const BankSnapshot& bank() const { return bank_; }
  const TileSequence& tiles() const { return tiles_; }
  // Pointers to the device's memory.
  const std::vector<DeviceTiles>& segments() const { return segments_; }
  // Whether the patterns of all of them are resident, too.
  bool has_patterns() const { return has_patterns_; }
  // With the segments' addresses on the device.
  DeviceBank OnDevice(const DeviceTiles* segments) const;

 private:
  BankSnapshot bank_;
  TileSequence tiles_;
  Gpu* gpu_;
  std::vector<DeviceTiles> segments_;
  bool has_patterns_ = true;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_RESIDENT_TILES_H_
