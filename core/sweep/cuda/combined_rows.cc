#include "core/sweep/cuda/combined_rows.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/status_macros.h"
#include "core/sweep/cuda/combine_kernels.h"
#include "core/sweep/cuda/device_segment.h"
#include "core/sweep/cuda/workspace.h"
#include "core/transform/blocked_sum.h"

namespace engram {
namespace {

static_assert(kCombineBlock == kSumBlock);

absl::Status Combine(Gpu* gpu, Workspace* workspace, const std::vector<const float*>& rows,
                     absl::Span<const double> weights, absl::Span<double> sum) {
  constexpr char kCombining[] = "combining rows";
  Device* const device = gpu->device();
  device->Use();
  Inputs inputs;
  const Inputs::Handle in_rows = inputs.Add(absl::MakeConstSpan(rows));
  const Inputs::Handle in_weights = inputs.Add(weights);
  ENGRAM_RETURN_IF_ERROR(inputs.Send(workspace));
  const auto count = static_cast<int64_t>(rows.size());
  const auto dim = static_cast<int64_t>(sum.size());
  const int64_t block_sums = CombineBlocks(count) * dim;
  ENGRAM_ASSIGN_OR_RETURN(const DeviceBytes sums,
                          workspace->Take((block_sums + dim) * static_cast<int64_t>(sizeof(double))));
  auto* const results = sums.as<double>();
  ENGRAM_RETURN_IF_ERROR(device->Check(gpu->uploads()->LetWait(workspace->stream()), kCombining));
  ENGRAM_RETURN_IF_ERROR(
      device->Check(CombineRows(inputs.at<const float*>(in_rows), inputs.at<double>(in_weights), count, dim,
                                results, results + block_sums, workspace->stream()),
                    kCombining));
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const double> combined,
                          workspace->Fetch<double>(results + block_sums, dim));
  std::copy(combined.begin(), combined.end(), sum.begin());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> CombineOnDevice(const BankSnapshot& bank, absl::Span<const Survivor> members,
                                     absl::Span<const double> weights, absl::Span<double> sum) {
  std::vector<const DeviceSegment*> segments;
  for (int64_t s = 0; s < bank.segment_count(); ++s) segments.push_back(DeviceSegment::Of(bank.segment(s)));
  Gpu* gpu = nullptr;
  std::vector<const float*> rows;
  rows.reserve(members.size());
  for (const Survivor& member : members) {
    const DeviceSegment* const segment = segments[member.row.segment];
    if (segment == nullptr || segment->patterns() == nullptr) return false;
    if (gpu != nullptr && gpu != segment->gpu()) return false;
    gpu = segment->gpu();
    rows.push_back(segment->patterns() + member.row.index * bank.settings().dim);
  }
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<Workspace> workspace, gpu->TakeWorkspace(Workspace::Kind::kLook));
  const absl::Status status = Combine(gpu, workspace.get(), rows, weights, sum);
  gpu->GiveBack(std::move(workspace));
  ENGRAM_RETURN_IF_ERROR(status);
  return true;
}

}  // namespace engram
