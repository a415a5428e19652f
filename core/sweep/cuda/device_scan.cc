#include "core/sweep/cuda/device_scan.h"

#include <algorithm>
#include <cmath>

#include "core/base/canonical.h"
#include "core/base/status_macros.h"
#include "core/sweep/cuda/device_segment.h"
#include "core/sweep/cuda/scan_inputs.h"
#include "core/sweep/cuda/scan_kernels.h"
#include "core/sweep/row_scorer.h"
#include "core/sweep/screening_limits.h"

namespace engram {
namespace {

// Shares of the tiles that the first cut has a lower bound of each, at least, and for each rank.
constexpr int64_t kLeastChunks = 256;
constexpr int64_t kChunksPerRank = 4;

// Rows whose patterns are the host's; to score fewer is not worth waking a thread for.
constexpr int64_t kRowsForThreads = 64;

constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));
constexpr char kDoing[] = "sweeping";

}  // namespace

absl::Status DeviceScan::LaunchScan(absl::Span<const SweepState> states, Workspace* workspace) {
  Device* const device = tiles_.gpu()->device();
  device->Use();
  std::vector<const SweepState*> pointers;
  int64_t rank = 0;
  for (const SweepState& state : states) {
    pointers.push_back(&state);
    rank = std::max(rank, state.cut.rank());
  }
  const auto batch = static_cast<int64_t>(states.size());
  const int64_t tile_count = tiles_.tiles().tile_count();
  const bool is_few = batch <= kFewStates;
  ENGRAM_ASSIGN_OR_RETURN(
      ScanInputs inputs,
      ScanInputs::Make(tiles_, pointers, is_few ? 2 : 1,
                       is_few ? ScanInputs::Form::kPlain : ScanInputs::Form::kPacked, workspace));
  for (int64_t b = 0; b < batch; ++b) scales_.push_back(inputs.scale(b));
  ENGRAM_RETURN_IF_ERROR(inputs.Send(workspace));
  ENGRAM_ASSIGN_OR_RETURN(uppers_, workspace->Take(batch * tile_count * kFloatBytes));
  auto* const uppers = uppers_.as<float>();
  ENGRAM_RETURN_IF_ERROR(device->Check(
      is_few ? ScanFewStates(inputs.bank(), inputs.states(), device->multiprocessors(), uppers,
                             workspace->stream())
             : ScanManyStates(inputs.bank(), inputs.states(), inputs.packed(), uppers, workspace->stream()),
      kDoing));

  chunk_count_ = std::min(tile_count, std::max(kLeastChunks, kChunksPerRank * rank));
  ENGRAM_ASSIGN_OR_RETURN(const DeviceBytes lowers, workspace->Take(batch * chunk_count_ * kFloatBytes));
  ENGRAM_RETURN_IF_ERROR(device->Check(
      FindBestLowers(inputs.bank(), uppers, inputs.states().errors, inputs.states().count,
                     static_cast<int32_t>(chunk_count_), lowers.as<float>(), workspace->stream()),
      kDoing));
  return workspace->BeginFetch(lowers.as<const float>(), batch * chunk_count_);
}

absl::Status DeviceScan::FetchLowers(Workspace* workspace, absl::Span<std::vector<double>> lowers) const {
  tiles_.gpu()->device()->Use();
  const auto batch = static_cast<int64_t>(scales_.size());
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const float> found,
                          workspace->EndFetch<float>(batch * chunk_count_));
  for (int64_t b = 0; b < batch; ++b) {
    for (const float lower : found.subspan(b * chunk_count_, chunk_count_)) {
      if (std::isfinite(lower)) lowers[b].push_back(lower * scales_[b]);
    }
  }
  return absl::OkStatus();
}

absl::Status DeviceScan::LaunchSelect(absl::Span<const Request> requests, Workspace* workspace) const {
  Device* const device = tiles_.gpu()->device();
  device->Use();
  std::vector<const SweepState*> states;
  std::vector<double> exact_states;
  for (const Request& request : requests) {
    states.push_back(request.state);
    exact_states.insert(exact_states.end(), request.state->state.begin(), request.state->state.end());
  }
  ENGRAM_ASSIGN_OR_RETURN(ScanInputs inputs,
                          ScanInputs::Make(tiles_, states, 2, ScanInputs::Form::kPlain, workspace));
  std::vector<Cutoff> cutoffs;
  for (size_t i = 0; i < requests.size(); ++i) {
    cutoffs.push_back({ScaledCut(requests[i].cut, inputs.scale(static_cast<int64_t>(i))), requests[i].factor,
                       requests[i].distance});
  }
  const Inputs::Handle in_cutoffs = inputs.Add(absl::MakeConstSpan(cutoffs));
  const Inputs::Handle in_exact = inputs.Add(absl::MakeConstSpan(exact_states));
  ENGRAM_RETURN_IF_ERROR(inputs.Send(workspace));

  SelectTask task;
  task.bank = inputs.bank();
  task.states = inputs.states();
  task.uppers = uppers_.as<float>() + requests[0].b * tiles_.tiles().tile_count();
  task.cutoffs = inputs.at<Cutoff>(in_cutoffs);
  task.exact_states = inputs.at<double>(in_exact);
  task.tiles = workspace->tiles();
  task.selected = workspace->selected();
  task.capacity = static_cast<uint32_t>(workspace->list_capacity());
  ENGRAM_RETURN_IF_ERROR(
      device->Check(SelectRows(task, device->multiprocessors(), workspace->stream()), kDoing));
  return workspace->BeginFetch(task.selected, 1);
}

absl::Status DeviceScan::FetchSelected(absl::Span<Request> requests, ThreadPool* pool,
                                       Workspace* workspace) const {
  tiles_.gpu()->device()->Use();
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const SelectedRows> first, workspace->EndFetch<SelectedRows>(1));
  const EntryCounts counts = first[0].counts;
  if (std::max(counts.tiles, counts.rows) > workspace->list_capacity()) {
    return SelectInHalves(requests, pool, workspace);
  }
  auto rows = absl::MakeConstSpan(first[0].rows).first(std::min<size_t>(counts.rows, SelectedRows::kFirst));
  if (rows.size() < counts.rows) {
    ENGRAM_ASSIGN_OR_RETURN(rows, workspace->Fetch<RowEntry>(workspace->selected()->rows, counts.rows));
  }
  const RowScorer scorer(&tiles_.bank(), &BestCanonicalArithmetic());
  std::vector<Survivor> survivors(rows.size());
  const auto take = [&](int64_t i) {
    const RowEntry& entry = rows[i];
    const TileRange tile = tiles_.tiles().Find(entry.tile);
    const RowRef row{tile.segment, static_cast<int32_t>(tile.first * kTileRows + entry.row)};
    const DeviceSegment* const segment = DeviceSegment::Of(tiles_.bank().segment(tile.segment));
    survivors[i] = segment->patterns() != nullptr ? Survivor{entry.score, tiles_.bank().id(row), row}
                                                  : scorer.Score(requests[entry.state].state->state, row);
  };
  const auto count = static_cast<int64_t>(rows.size());
  if (pool != nullptr && !tiles_.has_patterns() && count >= kRowsForThreads) {
    pool->ParallelFor(count, take);
  } else {
    for (int64_t i = 0; i < count; ++i) take(i);
  }
  for (int64_t i = 0; i < count; ++i) requests[rows[i].state].survivors->push_back(survivors[i]);
  return absl::OkStatus();
}

absl::Status DeviceScan::SelectInHalves(absl::Span<Request> requests, ThreadPool* pool,
                                        Workspace* workspace) const {
  if (requests.size() == 1) {
    requests[0].fits = false;
    return absl::OkStatus();
  }
  // In parts there is room, or we know whose entries they are.
  const size_t half = requests.size() / 2;
  for (const absl::Span<Request> part : {requests.first(half), requests.subspan(half)}) {
    ENGRAM_RETURN_IF_ERROR(LaunchSelect(part, workspace));
    ENGRAM_RETURN_IF_ERROR(FetchSelected(part, pool, workspace));
  }
  return absl::OkStatus();
}

}  // namespace engram
