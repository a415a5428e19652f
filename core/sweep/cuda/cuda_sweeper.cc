#include "core/sweep/cuda/cuda_sweeper.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/base/status_macros.h"
#include "core/codes/row_code.h"
#include "core/codes/scaled_state.h"
#include "core/sweep/cuda/bank_scan.h"
#include "core/sweep/cuda/combined_rows.h"
#include "core/sweep/cuda/dense_rows.h"
#include "core/sweep/cuda/device_near_misses.h"
#include "core/sweep/cuda/device_selection.h"
#include "core/sweep/cuda/streamed_rows.h"
#include "core/sweep/cuda/utilization.h"
#include "core/sweep/screening_limits.h"

namespace engram {
namespace {

std::vector<std::unique_ptr<DeviceResidency>> MakeResidencies(const MemoryPlan& plan,
                                                              const std::vector<std::unique_ptr<Gpu>>& gpus) {
  std::vector<std::unique_ptr<DeviceResidency>> made;
  for (size_t i = 0; i < gpus.size(); ++i) {
    made.push_back(std::make_unique<DeviceResidency>(gpus[i].get(), plan.bank_bytes[i]));
  }
  return made;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Sweeper>> MakeCudaSweeper(const CudaOptions& options, ThreadPool* pool,
                                                         const ScreenKernels& kernels) {
  return CudaSweeper::Make(options, pool, kernels);
}

absl::StatusOr<std::unique_ptr<CudaSweeper>> CudaSweeper::Make(const CudaOptions& options, ThreadPool* pool,
                                                               const ScreenKernels& kernels) {
  if (options.devices.empty()) return absl::InvalidArgumentError("devices: got none, at least one is needed");
  std::vector<std::unique_ptr<Device>> devices;
  for (const int index : options.devices) {
    ENGRAM_ASSIGN_OR_RETURN(devices.emplace_back(), Device::Open(index));
  }
  const MemoryPlan plan = PlanMemory(options, devices);
  std::vector<std::unique_ptr<Gpu>> gpus;
  for (std::unique_ptr<Device>& device : devices) {
    ENGRAM_ASSIGN_OR_RETURN(gpus.emplace_back(),
                            Gpu::Make(std::move(device), plan.scratch_bytes, options.list_capacity));
  }
  return std::unique_ptr<CudaSweeper>(new CudaSweeper(options, plan, std::move(gpus), pool, kernels));
}

CudaSweeper::CudaSweeper(const CudaOptions& options, const MemoryPlan& plan,
                         std::vector<std::unique_ptr<Gpu>> gpus, ThreadPool* pool,
                         const ScreenKernels& kernels)
    : options_(options),
      scan_bytes_(plan.scan_bytes),
      pool_(pool),
      clock_(options.clock == nullptr ? &system_clock_ : options.clock),
      gpus_(std::move(gpus)),
      residency_(MakeResidencies(plan, gpus_)),
      cpu_(pool, kernels) {}

absl::Status CudaSweeper::Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                                absl::Span<SweepResult> results) {
  if (residency_.is_any_lost() || bank.row_count() * bank.settings().dim < options_.least_work) {
    return cpu_.Sweep(bank, states, results);
  }
  const std::optional<ResidentBank> resident = ResidentBank::Find(bank);
  if (!resident.has_value()) return cpu_.Sweep(bank, states, results);
  const std::vector<size_t> left = SweepOnDevices(*resident, states, results);
  LeaveCrowdedStates(states, results);
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
  const bool is_worth_it = bank.row_count() * bank.settings().dim >= options_.least_work;
  if (is_worth_it && !residency_.is_any_lost() &&
      StreamSoftmaxOnDevices(bank, states, scan_bytes_, updates).value_or(false)) {
    return absl::OkStatus();
  }
  return cpu_.StreamSoftmax(bank, states, updates);
}

bool CudaSweeper::Combine(const BankSnapshot& bank, absl::Span<const Survivor> members,
                          absl::Span<const double> weights, absl::Span<double> sum) {
  const auto work = static_cast<int64_t>(members.size() * sum.size());
  if (members.empty() || work < options_.least_work || residency_.is_any_lost()) return false;
  return CombineOnDevice(bank, members, weights, sum).value_or(false);
}

SweeperCounts CudaSweeper::counts() const {
  SweeperCounts counts = cpu_.counts();
  counts.dense_states += dense_states_.value();
  return counts;
}

void CudaSweeper::ProbeDevices() {
  for (const auto& gpu : gpus_) gpu->Probe();
}

std::vector<DeviceStatus> CudaSweeper::devices() const {
  std::vector<DeviceStatus> statuses;
  for (size_t i = 0; i < gpus_.size(); ++i) {
    gpus_[i]->probe()->Judge(clock_->Now(), options_.probe_timeout);
    const Device& device = *gpus_[i]->device();
    const MemoryBudget& budget = residency_.devices()[i]->budget();
    const Gpu::Counts& counts = gpus_[i]->counts();
    DeviceStatus& status = statuses.emplace_back();
    status.kind = "cuda";
    status.name = device.name();
    status.memory_bytes = device.memory_bytes();
    status.budget_bytes = budget.limit_bytes();
    status.used_bytes = budget.used_bytes();
    status.fault = device.fault();
    status.sweeps = counts.sweeps.value();
    status.states = counts.states.value();
    status.scanned_bytes = counts.scanned_bytes.value();
    status.survivors = counts.survivors.value();
  }
  return statuses;
}

std::optional<double> CudaSweeper::DeviceUtilization(size_t i) const {
  if (gpus_[i]->device()->is_lost()) return std::nullopt;
  return UtilizationOf(options_.devices[i]);
}

std::vector<size_t> CudaSweeper::SweepOnDevices(const ResidentBank& bank, absl::Span<const SweepState> states,
                                                absl::Span<SweepResult> results) {
  std::vector<size_t> screened;
  std::vector<size_t> dense;
  for (size_t b = 0; b < states.size(); ++b) {
    (IsHopelessToScreen(bank.snapshot(), states[b]) ? dense : screened).push_back(b);
  }
  const int64_t bytes_per_state = bank.most_tiles() * static_cast<int64_t>(sizeof(float));
  const auto most = static_cast<size_t>(std::max<int64_t>(scan_bytes_ / bytes_per_state, 1));
  for (size_t begin = 0; begin < screened.size(); begin += most) {
    const std::vector<size_t> left =
        Screen(bank, states, absl::MakeConstSpan(screened).subspan(begin, most), results);
    dense.insert(dense.end(), left.begin(), left.end());
  }
  LeaveDenseStates(bank.snapshot(), states, &dense, results);
  if (dense.empty() || !bank.has_patterns() || bank.is_lost()) return dense;
  if (!ScoreAllRowsOnDevices(bank, states, dense, results).ok()) return dense;
  dense_states_.Add(static_cast<int64_t>(dense.size()));
  return {};
}

std::vector<size_t> CudaSweeper::Screen(const ResidentBank& bank, absl::Span<const SweepState> states,
                                        absl::Span<const size_t> indices, absl::Span<SweepResult> results) {
  std::vector<SweepState> screened;
  for (const size_t b : indices) screened.push_back(states[b]);
  const absl::StatusOr<Workspaces> workspaces = Workspaces::Take(bank, Workspace::Kind::kScan);
  std::vector<size_t> left;
  absl::Status status = workspaces.status();
  if (status.ok()) status = ScreenWith(*workspaces, bank, screened, indices, results, &left);
  // The device keeps what it was lost to. If it has no memory left, the host has.
  return status.ok() ? left : std::vector<size_t>(indices.begin(), indices.end());
}

absl::Status CudaSweeper::ScreenWith(const Workspaces& workspaces, const ResidentBank& bank,
                                     absl::Span<const SweepState> screened, absl::Span<const size_t> indices,
                                     absl::Span<SweepResult> results, std::vector<size_t>* left) {
  const auto scan = std::make_shared<BankScan>(bank);
  std::vector<std::vector<double>> lowers;
  ENGRAM_RETURN_IF_ERROR(scan->Scan(screened, workspaces, &lowers));
  for (const ResidentTiles& part : bank.parts()) {
    Gpu::Counts& counts = part.gpu()->counts();
    counts.sweeps.Add(1);
    counts.states.Add(static_cast<int64_t>(screened.size()));
    counts.scanned_bytes.Add(part.tiles().tile_count() * TileBytes(part.bank().settings().dim));
  }
  std::vector<DeviceSelection> selections;
  std::vector<DeviceScan::Request> requests(screened.size());
  for (size_t i = 0; i < screened.size(); ++i) {
    selections.emplace_back(bank, screened[i]);
    selections[i].Learn(std::move(lowers[i]));
    requests[i].state = &screened[i];
    requests[i].b = static_cast<int64_t>(i);
    requests[i].cut = selections[i].cut();
    requests[i].survivors = &results[indices[i]].survivors;
  }
  ENGRAM_RETURN_IF_ERROR(scan->Select(absl::MakeSpan(requests), pool_, workspaces));
  std::vector<int64_t> survivors(bank.parts().size());
  for (size_t i = 0; i < screened.size(); ++i) {
    if (!requests[i].fits) {
      left->push_back(indices[i]);
      continue;
    }
    SweepResult& result = results[indices[i]];
    selections[i].Finish(&result.survivors);
    for (const Survivor& survivor : result.survivors) ++survivors[bank.PartOf(survivor.row)];
    const double scale = std::ldexp(1.0, ScaledState(screened[i].state).exponent);
    result.near_misses =
        std::make_unique<DeviceNearMisses>(scan, static_cast<int64_t>(i), screened[i].state, scale);
  }
  for (size_t p = 0; p < survivors.size(); ++p) bank.parts()[p].gpu()->counts().survivors.Add(survivors[p]);
  return absl::OkStatus();
}

}  // namespace engram
