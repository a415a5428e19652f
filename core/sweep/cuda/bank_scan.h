#ifndef ENGRAM_CORE_SWEEP_CUDA_BANK_SCAN_H_
#define ENGRAM_CORE_SWEEP_CUDA_BANK_SCAN_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "core/sweep/cuda/device_scan.h"
#include "core/sweep/cuda/resident_bank.h"
#include "core/sweep/cuda/workspaces.h"

namespace engram {

// The scans of a batch of states on all devices that have a part of a bank, as if they were one: all are at
// work before any is waited for. Errors are those of DeviceScan.
class BankScan {
 public:
  explicit BankScan(ResidentBank bank);

  const ResidentBank& bank() const { return bank_; }

  // The pass over the codes. lowers[b]: lower bounds of the scores of different rows, not scaled. Called
  // once, before all else.
  absl::Status Scan(absl::Span<const SweepState> states, const Workspaces& workspaces,
                    std::vector<std::vector<double>>* lowers);

  // Fills the survivors of each request, and whether there was room for them, with the help of `pool` unless
  // it is null. REQUIRES: the requests are for states b, b + 1, ... of the scan. Thread-safe.
  absl::Status Select(absl::Span<DeviceScan::Request> requests, ThreadPool* pool,
                      const Workspaces& workspaces) const;

 private:
  const ResidentBank bank_;
  std::vector<std::unique_ptr<DeviceScan>> scans_;  // Of each part.
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_BANK_SCAN_H_
