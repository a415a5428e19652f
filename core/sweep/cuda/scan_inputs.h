#ifndef ENGRAM_CORE_SWEEP_CUDA_SCAN_INPUTS_H_
#define ENGRAM_CORE_SWEEP_CUDA_SCAN_INPUTS_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "core/codes/state_codes.h"
#include "core/sweep/cuda/device_tiles.h"
#include "core/sweep/cuda/resident_tiles.h"
#include "core/sweep/cuda/workspace.h"
#include "core/sweep/sweeper.h"

namespace engram {

// What a scan and a selection read on the device: the tiles, and states in planes, with the rows that each
// sees.
class ScanInputs {
 public:
  // How the planes of the states lie: as StateCodes has them, or one plane packed for ScanManyStates.
  enum class Form { kPlain, kPacked };

  // `tiles` and `states` must outlive this. Errors are those of VisibleTilesCache::Get.
  static absl::StatusOr<ScanInputs> Make(const ResidentTiles& tiles,
                                         const std::vector<const SweepState*>& states, int plane_count,
                                         Form form, Workspace* workspace);

  // One more array.
  template <typename T>
  Inputs::Handle Add(absl::Span<const T> array) {
    return inputs_.Add(array);
  }
  // Begins to copy all of it; see Inputs. REQUIRES, for what follows: it was sent.
  absl::Status Send(Workspace* workspace);

  DeviceBank bank() const { return tiles_->OnDevice(inputs_.at<DeviceTiles>(segments_)); }
  DeviceStates states() const;
  // Null unless packed.
  const uint32_t* packed() const;
  template <typename T>
  const T* at(Inputs::Handle handle) const {
    return inputs_.at<T>(handle);
  }

  // What brings scaled scores of state b back.
  double scale(int64_t b) const;

 private:
  ScanInputs(const ResidentTiles* tiles, StateCodes codes) : tiles_(tiles), codes_(std::move(codes)) {}

  const ResidentTiles* tiles_;
  StateCodes codes_;
  std::vector<const uint16_t*> visible_rows_;  // On the device, until the workspace has been waited for.
  std::vector<uint32_t> packed_planes_;
  Inputs inputs_;
  Inputs::Handle segments_ = 0;
  Inputs::Handle scales_ = 0;
  Inputs::Handle errors_ = 0;
  Inputs::Handle visible_ = 0;
  Inputs::Handle planes_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_SCAN_INPUTS_H_
