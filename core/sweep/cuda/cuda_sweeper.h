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
#include "core/sweep/cuda/device_residency.h"
#include "core/sweep/cuda/device_scan.h"
#include "core/sweep/cuda/gpu.h"
#include "core/sweep/sweeper.h"

namespace engram {

// Screens and refines on a GPU that has the codes of all banks, and their patterns if there is room.
//
// One pass over the codes bounds every tile for all states (scan_kernels); the cut that follows on the host
// from the best of these bounds comes back to the device, which opens the few tiles above it and scores the
// few rows (select_kernels). The bounds stay there for the next states of a query. What the device is not
// worth, or cannot do, the host does: small banks, banks without codes, everything once the device is lost.
// Answers are the same.
class CudaSweeper : public Sweeper {
 public:
  // `pool` must outlive it, `kernels` and it all results and banks.
  // NOT_FOUND: there is no such device, or no driver. UNAVAILABLE: it does not work.
  static absl::StatusOr<std::unique_ptr<CudaSweeper>> Make(const CudaOptions& options, ThreadPool* pool,
                                                           const ScreenKernels& kernels);

  absl::string_view name() const override { return "cuda"; }
  Residency* residency() override { return &residency_; }
  absl::Status Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                     absl::Span<SweepResult> results) override;
  absl::Status StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                             absl::Span<StreamedSoftmax> updates) override;
  bool Combine(const BankSnapshot& bank, absl::Span<const Survivor> members, absl::Span<const double> weights,
               absl::Span<double> sum) override;
  SweeperCounts counts() const override;
  std::vector<DeviceStatus> devices() const override;

 private:
  CudaSweeper(const CudaOptions& options, std::unique_ptr<Gpu> gpu, ThreadPool* pool,
              const ScreenKernels& kernels);

  // Sweeps for the states of these indices; returns those that are left to the host.
  std::vector<size_t> SweepOnDevice(const ResidentTiles& tiles, absl::Span<const SweepState> states,
                                    absl::Span<SweepResult> results);
  // One scan. The indices that are left to be scored densely; all of them after an error.
  std::vector<size_t> Screen(const ResidentTiles& tiles, absl::Span<const SweepState> states,
                             absl::Span<const size_t> indices, absl::Span<SweepResult> results);
  absl::Status ScreenWith(Workspace* workspace, const ResidentTiles& tiles,
                          absl::Span<const SweepState> screened, absl::Span<const size_t> indices,
                          absl::Span<SweepResult> results, std::vector<size_t>* left);

  const CudaOptions options_;
  const std::unique_ptr<Gpu> gpu_;
  DeviceResidency residency_;
  CpuSweeper cpu_;
  Counter dense_states_;
  Counter sweeps_;
  Counter streams_;
  Counter states_;
  Counter scanned_bytes_;
  Counter survivors_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_CUDA_SWEEPER_H_
