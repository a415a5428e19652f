#include "core/sweep/cuda/bank_scan.h"

#include <utility>

#include "core/base/status_macros.h"

namespace engram {
namespace {

using Scans = std::vector<std::unique_ptr<DeviceScan>>;

absl::Status ScanAll(const Scans& scans, absl::Span<const SweepState> states, const Workspaces& workspaces,
                     absl::Span<std::vector<double>> lowers) {
  for (size_t p = 0; p < scans.size(); ++p) {
    ENGRAM_RETURN_IF_ERROR(scans[p]->LaunchScan(states, workspaces[p]));
  }
  for (size_t p = 0; p < scans.size(); ++p) {
    ENGRAM_RETURN_IF_ERROR(scans[p]->FetchLowers(workspaces[p], lowers));
  }
  return absl::OkStatus();
}

absl::Status SelectOnAll(const Scans& scans, absl::Span<DeviceScan::Request> requests, ThreadPool* pool,
                         const Workspaces& workspaces) {
  for (size_t p = 0; p < scans.size(); ++p) {
    ENGRAM_RETURN_IF_ERROR(scans[p]->LaunchSelect(requests, workspaces[p]));
  }
  for (size_t p = 0; p < scans.size(); ++p) {
    ENGRAM_RETURN_IF_ERROR(scans[p]->FetchSelected(requests, pool, workspaces[p]));
  }
  return absl::OkStatus();
}

}  // namespace

BankScan::BankScan(ResidentBank bank) : bank_(std::move(bank)) {
  for (const ResidentTiles& part : bank_.parts()) scans_.push_back(std::make_unique<DeviceScan>(part));
}

absl::Status BankScan::Scan(absl::Span<const SweepState> states, const Workspaces& workspaces,
                            std::vector<std::vector<double>>* lowers) {
  lowers->assign(states.size(), {});
  return ScanAll(scans_, states, workspaces, absl::MakeSpan(*lowers));
}

absl::Status BankScan::Select(absl::Span<DeviceScan::Request> requests, ThreadPool* pool,
                              const Workspaces& workspaces) const {
  if (requests.empty()) return absl::OkStatus();
  for (const DeviceScan::Request& request : requests) request.survivors->clear();
  return SelectOnAll(scans_, requests, pool, workspaces);
}

}  // namespace engram
