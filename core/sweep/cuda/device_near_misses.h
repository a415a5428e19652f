#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_NEAR_MISSES_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_NEAR_MISSES_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/sweep/cuda/bank_scan.h"
#include "core/sweep/scanned_state.h"
#include "core/sweep/sweeper.h"

namespace engram {

// Serves later states from the bounds of a scan that stayed on the devices; see ScannedState.
class DeviceNearMisses : public NearMisses {
 public:
  // Of state b of the scan, whose devices must outlive this.
  DeviceNearMisses(std::shared_ptr<const BankScan> scan, int64_t b, absl::Span<const double> state,
                   double scale)
      : scan_(std::move(scan)), b_(b), state_(state, scale) {}

  bool Serve(const SweepState& next, SurvivorList* survivors) const override;

 private:
  absl::StatusOr<bool> TryToServe(const SweepState& next, SurvivorList* survivors) const;

  const std::shared_ptr<const BankScan> scan_;
  const int64_t b_;
  const ScannedState state_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_NEAR_MISSES_H_
