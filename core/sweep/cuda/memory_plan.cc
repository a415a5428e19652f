#include "core/sweep/cuda/memory_plan.h"

#include <algorithm>

#include "core/sweep/cuda/gpu.h"
#include "core/sweep/cuda/workspace.h"

namespace engram {
namespace {

// The part of a small device's free memory that the bounds of one scan may take.
constexpr int64_t kScanPart = 16;
// Scans that run or wait for later states at a time.
constexpr int64_t kScansAtATime = 2;
// Of the free memory, what the driver takes besides, and pools lose between pieces.
constexpr int64_t kOtherPart = 16;

}  // namespace

MemoryPlan PlanMemory(const CudaOptions& options, const std::vector<std::unique_ptr<Device>>& devices) {
  // What is free, of a device that is given twice for each time.
  std::vector<int64_t> free_bytes;
  for (const int index : options.devices) {
    const auto& indices = options.devices;
    free_bytes.push_back(devices[free_bytes.size()]->free_bytes() /
                         std::count(indices.begin(), indices.end(), index));
  }
  MemoryPlan plan;
  plan.scan_bytes =
      std::min(options.scratch_bytes, *std::min_element(free_bytes.begin(), free_bytes.end()) / kScanPart);
  plan.scratch_bytes = kScansAtATime * plan.scan_bytes;
  for (const Workspace::Kind kind : {Workspace::Kind::kScan, Workspace::Kind::kLook}) {
    // And one more than there are at first.
    plan.scratch_bytes += (Gpu::FirstWorkspaces(kind) + 1) * Workspace::BytesFor(kind, options.list_capacity);
  }
  for (const int64_t bytes : free_bytes) {
    const int64_t left = std::max<int64_t>(0, bytes - bytes / kOtherPart - plan.scratch_bytes);
    plan.bank_bytes.push_back(options.budget_bytes != 0 ? options.budget_bytes : left);
  }
  return plan;
}

}  // namespace engram
