#ifndef ENGRAM_CORE_SWEEP_CUDA_SPREAD_RESIDENCY_H_
#define ENGRAM_CORE_SWEEP_CUDA_SPREAD_RESIDENCY_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/bank/residency.h"
#include "core/sweep/cuda/device_residency.h"

namespace engram {

// Spreads segments over devices: each goes, whole, to the one whose budget has most left, the first of
// several, and where that has no room to the next. Once a device is lost no more become resident: everything
// is swept on the host. RESOURCE_EXHAUSTED: no device has room; the text is that of the emptiest.
class SpreadResidency : public Residency {
 public:
  // REQUIRES: not empty.
  explicit SpreadResidency(std::vector<std::unique_ptr<DeviceResidency>> devices)
      : devices_(std::move(devices)) {}

  absl::StatusOr<std::unique_ptr<ResidentSegment>> Reserve(int64_t capacity, const BankSettings& settings,
                                                           absl::string_view purpose) override;
  int64_t FreeRows(const BankSettings& settings) const override;

  const std::vector<std::unique_ptr<DeviceResidency>>& devices() const { return devices_; }
  bool is_any_lost() const;

 private:
  const std::vector<std::unique_ptr<DeviceResidency>> devices_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_SPREAD_RESIDENCY_H_
