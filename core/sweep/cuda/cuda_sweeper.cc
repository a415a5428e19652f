#include "core/sweep/cuda/cuda_sweeper.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/status_macros.h"
#include "core/codes/row_code.h"
#include "core/codes/scaled_state.h"
#include "core/sweep/cuda/dense_rows.h"
#include "core/sweep/cuda/device_near_misses.h"
#include "core/sweep/cuda/device_selection.h"
#include "core/sweep/cuda/streamed_rows.h"
#include "core/sweep/cuda/utilization.h"
#include "core/sweep/screening_limits.h"

namespace engram {
namespace {

// The part of a small device's free memory that the bounds of one scan may take.
constexpr int64_t kScratchPart = 16;
// Scans that run or wait for later states at a time.
constexpr int64_t kScansAtATime = 2;
// Of the free memory, what the driver and workspaces take besides.
constexpr int64_t kOtherPart = 16;

CudaOptions Resolve(CudaOptions options, const Device& device) {
  const int64_t free_bytes = device.free_bytes();
  options.scratch_bytes = std::min(options.scratch_bytes, free_bytes / kScratchPart);
  if (options.budget_bytes == 0) {
    options.budget_bytes = free_bytes - free_bytes / kOtherPart - kScansAtATime * options.scratch_bytes;
  }
  return options;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Sweeper>> MakeCudaSweeper(const CudaOptions& options, ThreadPool* pool,
                                                         const ScreenKernels& kernels) {
  return CudaSweeper::Make(options, pool, kernels);
}

absl::StatusOr<std::unique_ptr<CudaSweeper>> CudaSweeper::Make(const CudaOptions& options, ThreadPool* pool,
                                                               const ScreenKernels& kernels) {
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<Gpu> gpu, Gpu::Open(options.device, options.list_capacity));
  const CudaOptions resolved = Resolve(options, *gpu->device());
  return std::unique_ptr<CudaSweeper>(new CudaSweeper(resolved, std::move(gpu), pool, kernels));
}

CudaSweeper::CudaSweeper(const CudaOptions& options, std::unique_ptr<Gpu> gpu, ThreadPool* pool,
                         const ScreenKernels& kernels)
    : options_(options),
      gpu_(std::move(gpu)),
      residency_(gpu_->device(), gpu_->uploads(), options.budget_bytes),
      cpu_(pool, kernels) {}

absl::Status CudaSweeper::Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                                absl::Span<SweepResult> results) {
  if (gpu_->device()->is_lost() || bank.row_count() * bank.settings().dim < options_.least_work) {
    return cpu_.Sweep(bank, states, results);
  }
  const std::optional<ResidentTiles> tiles = ResidentTiles::Find(bank);
  if (!tiles.has_value()) return cpu_.Sweep(bank, states, results);
  const std::vector<size_t> left = SweepOnDevice(*tiles, states, results);
  if (left.empty()) return absl::OkStatus();
  std::vector<SweepState> left_states;
  for (const size_t b : left) left_states.push_back(states[b]);
  std::vector<SweepResult> left_results(left.size());
  ENGRAM_RETURN_IF_ERROR(cpu_.Sweep(bank, left_states, absl::MakeSpan(left_results)));
  for (size_t i = 0; i < left.size(); ++i) results[left[i]] = std::move(left_results[i]);
  return absl::OkStatus();
}

absl::Status CudaSweeper::StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                                        absl::Span<StreamedSoftmax> updates) {
  const int64_t work = bank.row_count() * bank.settings().dim;
  for (size_t b = 0; b < states.size(); ++b) {
    const bool is_worth_it = work >= options_.least_work && !gpu_->device()->is_lost();
    if (is_worth_it && StreamSoftmaxOnDevice(gpu_.get(), bank, states[b], &updates[b]).value_or(false)) {
      streams_.Add(1);
      continue;
    }
    ENGRAM_RETURN_IF_ERROR(cpu_.StreamSoftmax(bank, states.subspan(b, 1), updates.subspan(b, 1)));
  }
  return absl::OkStatus();
}

bool CudaSweeper::Combine(const BankSnapshot& bank, absl::Span<const Survivor> members,
                          absl::Span<const double> weights, absl::Span<double> sum) {
  const auto work = static_cast<int64_t>(members.size() * sum.size());
  if (members.empty() || work < options_.least_work || gpu_->device()->is_lost()) return false;
  return CombineOnDevice(gpu_.get(), bank, members, weights, sum).value_or(false);
}

SweeperCounts CudaSweeper::counts() const {
  SweeperCounts counts = cpu_.counts();
  counts.dense_states += dense_states_.value();
  return counts;
}

std::vector<DeviceStatus> CudaSweeper::devices() const {
  const Device& device = *gpu_->device();
  DeviceStatus status;
  status.kind = "cuda";
  status.name = device.name();
  status.memory_bytes = device.memory_bytes();
  status.budget_bytes = residency_.budget().limit_bytes();
  status.used_bytes = residency_.budget().used_bytes();
  status.fault = device.fault();
  if (!device.is_lost()) status.utilization = DeviceUtilization(options_.device);
  status.sweeps = sweeps_.value() + streams_.value();
  status.states = states_.value();
  status.scanned_bytes = scanned_bytes_.value();
  status.survivors = survivors_.value();
  return {status};
}

std::vector<size_t> CudaSweeper::SweepOnDevice(const ResidentTiles& tiles,
                                               absl::Span<const SweepState> states,
                                               absl::Span<SweepResult> results) {
  std::vector<size_t> screened;
  std::vector<size_t> dense;
  for (size_t b = 0; b < states.size(); ++b) {
    (IsHopelessToScreen(tiles.bank(), states[b]) ? dense : screened).push_back(b);
  }
  const int64_t bytes_per_state = tiles.tiles().tile_count() * static_cast<int64_t>(sizeof(float));
  const auto most = static_cast<size_t>(std::max<int64_t>(options_.scratch_bytes / bytes_per_state, 1));
  for (size_t begin = 0; begin < screened.size(); begin += most) {
    const std::vector<size_t> left =
        Screen(tiles, states, absl::MakeConstSpan(screened).subspan(begin, most), results);
    dense.insert(dense.end(), left.begin(), left.end());
  }
  if (dense.empty() || !tiles.has_patterns() || gpu_->device()->is_lost()) return dense;
  if (!ScoreAllRowsOnDevice(gpu_.get(), tiles.bank(), states, dense, results).ok()) return dense;
  dense_states_.Add(static_cast<int64_t>(dense.size()));
  return {};
}

std::vector<size_t> CudaSweeper::Screen(const ResidentTiles& tiles, absl::Span<const SweepState> states,
                                        absl::Span<const size_t> indices, absl::Span<SweepResult> results) {
  std::vector<SweepState> screened;
  for (const size_t b : indices) screened.push_back(states[b]);
  absl::StatusOr<std::unique_ptr<Workspace>> workspace = gpu_->TakeWorkspace();
  std::vector<size_t> left;
  absl::Status status = workspace.status();
  if (status.ok()) {
    status = ScreenWith(workspace->get(), tiles, screened, indices, results, &left);
    gpu_->GiveBack(*std::move(workspace));
  }
  // The device keeps what it was lost to. If it has no memory left, the host has.
  return status.ok() ? left : std::vector<size_t>(indices.begin(), indices.end());
}

absl::Status CudaSweeper::ScreenWith(Workspace* workspace, const ResidentTiles& tiles,
                                     absl::Span<const SweepState> screened, absl::Span<const size_t> indices,
                                     absl::Span<SweepResult> results, std::vector<size_t>* left) {
  const auto scan = std::make_shared<DeviceScan>(gpu_.get(), tiles);
  std::vector<std::vector<double>> lowers;
  ENGRAM_RETURN_IF_ERROR(scan->Scan(screened, workspace, &lowers));
  sweeps_.Add(1);
  states_.Add(static_cast<int64_t>(screened.size()));
  scanned_bytes_.Add(tiles.tiles().tile_count() * TileBytes(tiles.bank().settings().dim));
  std::vector<DeviceSelection> selections;
  std::vector<DeviceScan::Request> requests(screened.size());
  for (size_t i = 0; i < screened.size(); ++i) {
    selections.emplace_back(tiles, screened[i]);
    selections[i].Learn(std::move(lowers[i]));
    requests[i].state = &screened[i];
    requests[i].b = static_cast<int64_t>(i);
    requests[i].cut = selections[i].cut();
    requests[i].survivors = &results[indices[i]].survivors;
  }
  ENGRAM_RETURN_IF_ERROR(scan->Select(absl::MakeSpan(requests), workspace));
  for (size_t i = 0; i < screened.size(); ++i) {
    if (!requests[i].fits) {
      left->push_back(indices[i]);
      continue;
    }
    SweepResult& result = results[indices[i]];
    selections[i].Finish(&result.survivors);
    survivors_.Add(static_cast<int64_t>(result.survivors.size()));
    const double scale = std::ldexp(1.0, ScaledState(screened[i].state).exponent);
    result.near_misses = std::make_unique<DeviceNearMisses>(gpu_.get(), scan, static_cast<int64_t>(i),
                                                            screened[i].state, scale);
  }
  return absl::OkStatus();
}

}  // namespace engram
