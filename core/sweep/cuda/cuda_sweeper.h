#ifndef ENGRAM_CORE_SWEEP_CUDA_CUDA_SWEEPER_H_
#define ENGRAM_CORE_SWEEP_CUDA_CUDA_SWEEPER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/base/counter.h"
#include "core/base/thread_pool.h"
#include "core/sweep/cpu/cpu_sweeper.h"
#include "core/sweep/cuda/cuda_backend.h"
#include "core/sweep/cuda/gpu.h"
#include "core/sweep/cuda/memory_plan.h"
#include "core/sweep/cuda/resident_bank.h"
#include "core/sweep/cuda/spread_residency.h"
#include "core/sweep/cuda/workspaces.h"
#include "core/sweep/sweeper.h"

namespace engram {

// Screens and refines on GPUs that have the codes of all banks, and their patterns if there is room. Each
// segment of a bank lies on one of them, and each does its part of a sweep.
//
// One pass over the codes bounds every tile for all states (scan_kernels); the cut that follows on the host
// from the best of these bounds comes back to the devices, which open the few tiles above it and score the
// few rows (select_kernels). The bounds stay there for the next states of a query. What devices are not
// worth, or cannot do, the host does: small banks, banks without codes, everything once a device is lost.
// Answers are the same.
class CudaSweeper : public Sweeper {
 public:
  // `pool` must outlive it, `kernels` and it all results and banks.
  // Errors are those of MakeCudaSweeper.
  static absl::StatusOr<std::unique_ptr<CudaSweeper>> Make(const CudaOptions& options, ThreadPool* pool,
                                                           const ScreenKernels& kernels);

  absl::string_view name() const override { return "cuda"; }
  bool leaves_host_free() const override { return true; }
  Residency* residency() override { return &residency_; }
  absl::Status Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                     absl::Span<SweepResult> results) override;
  absl::Status StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                             absl::Span<StreamedSoftmax> updates) override;
  bool Combine(const BankSnapshot& bank, absl::Span<const Survivor> members, absl::Span<const double> weights,
               absl::Span<double> sum) override;
  SweeperCounts counts() const override;
  void ProbeDevices() override;
  std::vector<DeviceStatus> devices() const override;
  std::optional<double> DeviceUtilization(size_t i) const override;

 private:
  CudaSweeper(const CudaOptions& options, const MemoryPlan& plan, std::vector<std::unique_ptr<Gpu>> gpus,
              ThreadPool* pool, const ScreenKernels& kernels);

  // Sweeps for the states of these indices; returns those that are left to the host.
  std::vector<size_t> SweepOnDevices(const ResidentBank& bank, absl::Span<const SweepState> states,
                                     absl::Span<SweepResult> results);
  // One scan. The indices that are left to be scored densely; all of them after an error.
  std::vector<size_t> Screen(const ResidentBank& bank, absl::Span<const SweepState> states,
                             absl::Span<const size_t> indices, absl::Span<SweepResult> results);
  absl::Status ScreenWith(const Workspaces& workspaces, const ResidentBank& bank,
                          absl::Span<const SweepState> screened, absl::Span<const size_t> indices,
                          absl::Span<SweepResult> results, std::vector<size_t>* left);

  const CudaOptions options_;
  const int64_t scan_bytes_;
  ThreadPool* const pool_;
  const SystemClock system_clock_;
  const Clock* const clock_;
  const std::vector<std::unique_ptr<Gpu>> gpus_;
  SpreadResidency residency_;
  CpuSweeper cpu_;
  Counter dense_states_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_CUDA_SWEEPER_H_
