#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_RESIDENCY_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_RESIDENCY_H_

#include <cstdint>
#include <memory>

#include "core/bank/memory_budget.h"
#include "core/bank/residency.h"
#include "core/sweep/cuda/gpu.h"

namespace engram {

// Keeps the codes of segments on a device, and their patterns as long as those take no more
// than half of its memory: a device holds several times more codes than patterns, and without them refinement
// reads the few rows it needs on the host. Must outlive the segments.
class DeviceResidency : public Residency {
 public:
  // `gpu` must outlive this. `budget_bytes`: what segments may take of the device's memory.
  DeviceResidency(Gpu* gpu, int64_t budget_bytes)
      : gpu_(gpu), budget_(budget_bytes), pattern_budget_(budget_bytes / 2) {}

  absl::StatusOr<std::unique_ptr<ResidentSegment>> Reserve(int64_t capacity, const BankSettings& settings,
                                                           absl::string_view purpose) override;
  int64_t FreeRows(const BankSettings& settings) const override;

  Gpu* gpu() const { return gpu_; }
  const MemoryBudget& budget() const { return budget_; }
  int64_t free_bytes() const { return budget_.limit_bytes() - budget_.used_bytes(); }

 private:
  absl::StatusOr<std::unique_ptr<ResidentSegment>> Make(int64_t capacity, int64_t dim, bool with_patterns,
                                                        absl::string_view purpose);

  Gpu* const gpu_;
  MemoryBudget budget_;
  MemoryBudget pattern_budget_;  // The part of it that patterns may take.
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_RESIDENCY_H_
