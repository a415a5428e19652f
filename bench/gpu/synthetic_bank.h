#ifndef ENGRAM_BENCH_GPU_SYNTHETIC_BANK_H_
#define ENGRAM_BENCH_GPU_SYNTHETIC_BANK_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/gpu/device_array.h"
#include "bench/gpu/gpu_options.h"
#include "bench/gpu/own_workspace.h"
#include "core/sweep/cuda/device_tiles.h"

namespace engram::bench {

// Random codes that nobody stored, made on the device, in the layout that kernels expect. All rows have norms
// of about 1 and are visible.
class SyntheticBank {
 public:
  // Whole tiles of `shape`, `copies` times with different codes, so that one copy after the other is not
  // found in the cache. `device` must outlive it. RESOURCE_EXHAUSTED: the device has no room.
  static absl::StatusOr<std::unique_ptr<SyntheticBank>> Make(Device* device, Shape shape, int64_t copies,
                                                             uint64_t seed);

  // Copies that together are four times what the calling thread's device has for a cache, so that it has none
  // of one when its turn comes again.
  static int64_t CopiesFor(Shape shape);
  // Bytes that a scan must read of codes alone, and with what bounds scores and says what is visible.
  static int64_t CodeBytes(Shape shape);
  static int64_t ScannedBytes(Shape shape);

  const DeviceBank& bank(int64_t copy) const { return banks_[copy % banks_.size()]; }
  const int8_t* codes(int64_t copy) const { return codes_ + copy % copies() * copy_bytes_; }
  const uint16_t* visible() const { return visible_; }
  int64_t copies() const { return static_cast<int64_t>(banks_.size()); }
  int64_t tile_count() const { return banks_[0].tile_count; }

 private:
  explicit SyntheticBank(Device* device) : memory_(device) {}

  DeviceArray memory_;
  const int8_t* codes_ = nullptr;
  int64_t copy_bytes_ = 0;  // From the codes of one to those of the next.
  const uint16_t* visible_ = nullptr;
  std::vector<DeviceBank> banks_;
};

// Random states of norm 1, sent to the device in the form in which they are scanned with.
class SyntheticStates {
 public:
  // `device` must outlive them.
  static absl::StatusOr<std::unique_ptr<SyntheticStates>> Make(Device* device, int64_t count, int64_t dim,
                                                               const uint16_t* visible, uint64_t seed);

  int64_t count() const { return states_.count; }
  int plane_count() const { return states_.plane_count; }
  const DeviceStates& states() const { return states_; }
  // As ScanManyStates takes them; null for so few that it is not asked.
  const uint32_t* packed() const { return packed_; }

  // uppers [B, T].
  cudaError_t LaunchScan(const DeviceBank& bank, int multiprocessors, float* uppers,
                         cudaStream_t stream) const;
  // What follows a scan: lowers [B, chunks].
  cudaError_t LaunchLowers(const DeviceBank& bank, const float* uppers, int64_t chunks, float* lowers,
                           cudaStream_t stream) const;

 private:
  explicit SyntheticStates(OwnWorkspace workspace) : workspace_(std::move(workspace)) {}

  const OwnWorkspace workspace_;
  Inputs inputs_;  // Where they lie.
  DeviceStates states_;
  const uint32_t* packed_ = nullptr;
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_SYNTHETIC_BANK_H_
