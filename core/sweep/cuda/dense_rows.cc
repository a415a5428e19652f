#include "core/sweep/cuda/dense_rows.h"

#include <algorithm>
#include <memory>

#include "core/base/canonical.h"
#include "core/base/status_macros.h"
#include "core/sweep/cuda/combine_kernels.h"
#include "core/sweep/cuda/device_segment.h"
#include "core/sweep/cuda/select_kernels.h"
#include "core/sweep/cuda/workspace.h"
#include "core/transform/blocked_sum.h"

namespace engram {
namespace {

static_assert(kCombineBlock == kSumBlock);

// Rows whose scores cross the bus at a time.
constexpr int64_t kBlockRows = int64_t{1} << 18;

constexpr char kDoing[] = "scoring all rows";

// Adds the visible rows [begin, end) of segment s to the survivors of up to kDotStates states.
absl::Status ScoreBlock(Workspace* workspace, const BankSnapshot& bank, int32_t s, int64_t begin, int64_t end,
                        const double* states, absl::Span<const size_t> group,
                        absl::Span<const SweepState> all_states, absl::Span<SweepResult> results) {
  const Segment& segment = bank.segment(s);
  const auto* const resident = dynamic_cast<const DeviceSegment*>(segment.resident());
  if (resident == nullptr || resident->patterns() == nullptr) {
    return absl::FailedPreconditionError("a segment is not resident");
  }
  const auto count = static_cast<int32_t>(group.size());
  const int64_t rows = end - begin;
  ENGRAM_RETURN_IF_ERROR(workspace->results().Grow(count * rows * static_cast<int64_t>(sizeof(double))));
  ENGRAM_RETURN_IF_ERROR(
      workspace->device()->Check(ScoreRows(resident->patterns(), bank.settings().dim, begin, end, states,
                                           count, workspace->results().as<double>(), workspace->stream()),
                                 kDoing));
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const double> scores,
                          workspace->Fetch(workspace->results().as<const double>(), count * rows));
  for (int32_t k = 0; k < count; ++k) {
    SurvivorList& survivors = results[group[k]].survivors;
    for (int64_t i = begin; i < end; ++i) {
      if (!segment.VisibleAt(i, all_states[group[k]].version)) continue;
      survivors.push_back({scores[k * rows + i - begin], segment.id(i), {s, static_cast<int32_t>(i)}});
    }
  }
  return absl::OkStatus();
}

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
  ENGRAM_RETURN_IF_ERROR(
      workspace->results().Grow((block_sums + dim) * static_cast<int64_t>(sizeof(double))));
  auto* const results = workspace->results().as<double>();
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

absl::Status ScoreGroup(Gpu* gpu, Workspace* workspace, const BankSnapshot& bank,
                        absl::Span<const SweepState> all_states, absl::Span<const size_t> group,
                        absl::Span<SweepResult> results) {
  gpu->device()->Use();
  std::vector<double> states;
  for (const size_t b : group) {
    states.insert(states.end(), all_states[b].state.begin(), all_states[b].state.end());
    results[b].survivors.clear();
    results[b].near_misses = nullptr;
  }
  Inputs inputs;
  const Inputs::Handle in_states = inputs.Add(absl::MakeConstSpan(states));
  ENGRAM_RETURN_IF_ERROR(inputs.Send(workspace));
  ENGRAM_RETURN_IF_ERROR(gpu->device()->Check(gpu->uploads()->LetWait(workspace->stream()), kDoing));
  for (int32_t s = 0; s < bank.segment_count(); ++s) {
    for (int64_t begin = 0; begin < bank.rows_in_segment(s); begin += kBlockRows) {
      const int64_t end = std::min(begin + kBlockRows, bank.rows_in_segment(s));
      ENGRAM_RETURN_IF_ERROR(ScoreBlock(workspace, bank, s, begin, end, inputs.at<double>(in_states), group,
                                        all_states, results));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ScoreAllRowsOnDevice(Gpu* gpu, const BankSnapshot& bank, absl::Span<const SweepState> all_states,
                                  const std::vector<size_t>& dense, absl::Span<SweepResult> results) {
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<Workspace> workspace, gpu->TakeWorkspace());
  absl::Status status;
  for (size_t begin = 0; begin < dense.size() && status.ok(); begin += kDotStates) {
    status = ScoreGroup(gpu, workspace.get(), bank, all_states,
                        absl::MakeConstSpan(dense).subspan(begin, kDotStates), results);
  }
  gpu->GiveBack(std::move(workspace));
  return status;
}

absl::StatusOr<bool> CombineOnDevice(Gpu* gpu, const BankSnapshot& bank, absl::Span<const Survivor> members,
                                     absl::Span<const double> weights, absl::Span<double> sum) {
  std::vector<const float*> patterns;  // Of each segment; null: not resident.
  for (int64_t s = 0; s < bank.segment_count(); ++s) {
    const auto* const resident = dynamic_cast<const DeviceSegment*>(bank.segment(s).resident());
    patterns.push_back(resident != nullptr ? resident->patterns() : nullptr);
  }
  std::vector<const float*> rows;
  rows.reserve(members.size());
  for (const Survivor& member : members) {
    if (patterns[member.row.segment] == nullptr) return false;
    rows.push_back(patterns[member.row.segment] + member.row.index * bank.settings().dim);
  }
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<Workspace> workspace, gpu->TakeWorkspace());
  const absl::Status status = Combine(gpu, workspace.get(), rows, weights, sum);
  gpu->GiveBack(std::move(workspace));
  ENGRAM_RETURN_IF_ERROR(status);
  return true;
}

}  // namespace engram
