#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_SELECTION_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_SELECTION_H_

#include <vector>

#include "core/sweep/cuda/resident_bank.h"
#include "core/sweep/sweeper.h"

namespace engram {

// A state whose survivors devices look for: what is known of its scores makes the cut, and what the devices
// find is cut once more.
class DeviceSelection {
 public:
  // The rows outside of tiles are scored here. Both must outlive this.
  DeviceSelection(const ResidentBank& bank, const SweepState& state);

  // Takes into the cut lower bounds of the scores of different rows of tiles.
  void Learn(std::vector<double> bounds);
  double cut() const { return cut_; }
  // Makes `survivors`, rows of tiles that the devices found with this cut, those of the state.
  void Finish(SurvivorList* survivors);

 private:
  const SweepState& state_;
  double cut_;
  SurvivorList loose_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_SELECTION_H_
