#include "core/sweep/cuda/device_scan.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/canonical.h"
#include "core/base/status_macros.h"
#include "core/codes/state_codes.h"
#include "core/sweep/cuda/device_segment.h"
#include "core/sweep/cuda/scan_kernels.h"
#include "core/sweep/row_scorer.h"
#include "core/sweep/screening_limits.h"

namespace engram {
namespace {

// Shares of the tiles that the first cut has a lower bound of each, at least, and for each rank.
constexpr int64_t kLeastChunks = 256;
constexpr int64_t kChunksPerRank = 4;

constexpr char kDoing[] = "sweeping";

std::vector<absl::Span<const double>> SpansOf(const std::vector<const SweepState*>& states) {
  std::vector<absl::Span<const double>> spans;
  spans.reserve(states.size());
  for (const SweepState* state : states) spans.push_back(state->state);
  return spans;
}

std::vector<EstimateError> ErrorsOf(const StateCodes& codes) {
  std::vector<EstimateError> errors;
  for (int64_t b = 0; b < codes.size(); ++b) errors.push_back(codes.error(b));
  return errors;
}

double ScaleOf(const StateCodes& codes, int64_t b) { return std::ldexp(1.0, codes.exponent(b)); }

// The planes of all states, as the device has them: words of 4 columns.
absl::Span<const int8_t> PlanesOf(const StateCodes& codes, int64_t units) {
  return {codes.planes(), static_cast<size_t>(codes.size() * codes.plane_count() * units * kUnitColumns)};
}

// One plane of each state, packed for ScanManyStates.
std::vector<uint32_t> Pack(const StateCodes& codes, int64_t units) {
  std::vector<uint32_t> packed(PackedWords(codes.size(), units));
  for (int64_t b = 0; b < codes.size(); ++b) {
    const int8_t* const plane = codes.planes() + b * units * kUnitColumns;
    for (int64_t u = 0; u < units; ++u) {
      std::memcpy(&packed[PackedWord(b, u, units)], plane + u * kUnitColumns, sizeof(uint32_t));
    }
  }
  return packed;
}

}  // namespace

DeviceScan::~DeviceScan() {
  if (uppers_.has_value()) tiles_.gpu()->GiveBack(*std::move(uppers_));
}

absl::StatusOr<std::vector<const uint16_t*>> DeviceScan::FindVisible(
    const std::vector<const SweepState*>& states, Workspace* workspace) const {
  std::vector<const uint16_t*> visible;
  for (size_t b = 0; b < states.size(); ++b) {
    if (b > 0 && states[b]->version == states[b - 1]->version) {
      visible.push_back(visible.back());
      continue;
    }
    ENGRAM_ASSIGN_OR_RETURN(std::shared_ptr<const VisibleTiles> owner,
                            tiles_.gpu()->visible_tiles()->Get(tiles_.bank(), tiles_.tiles(),
                                                               states[b]->version, workspace->stream()));
    visible.push_back(owner->rows());
    workspace->Hold(std::move(owner));
  }
  return visible;
}

absl::Status DeviceScan::LaunchScan(absl::Span<const SweepState> states, Workspace* workspace) {
  Gpu* const gpu = tiles_.gpu();
  Device* const device = gpu->device();
  device->Use();
  std::vector<const SweepState*> pointers;
  int64_t rank = 0;
  for (const SweepState& state : states) {
    pointers.push_back(&state);
    rank = std::max(rank, state.cut.rank());
  }
  const auto batch = static_cast<int64_t>(states.size());
  const int64_t dim = tiles_.bank().settings().dim;
  const int64_t units = UnitCount(dim);
  const int64_t tile_count = tiles_.tiles().tile_count();
  const bool is_few = batch <= kFewStates;
  const StateCodes codes(SpansOf(pointers), dim, is_few ? 2 : 1);
  for (int64_t b = 0; b < batch; ++b) scales_.push_back(ScaleOf(codes, b));
  ENGRAM_ASSIGN_OR_RETURN(uppers_, gpu->TakeBounds(batch * tile_count * static_cast<int64_t>(sizeof(float))));
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<const uint16_t*> visible, FindVisible(pointers, workspace));
  const std::vector<EstimateError> errors = ErrorsOf(codes);
  const std::vector<uint32_t> packed = is_few ? std::vector<uint32_t>() : Pack(codes, units);

  Inputs inputs;
  const Inputs::Handle in_segments = inputs.Add(absl::MakeConstSpan(tiles_.segments()));
  const Inputs::Handle in_scales = inputs.Add(absl::MakeConstSpan(codes.scales(), states.size()));
  const Inputs::Handle in_errors = inputs.Add(absl::MakeConstSpan(errors));
  const Inputs::Handle in_visible = inputs.Add(absl::MakeConstSpan(visible));
  const Inputs::Handle in_planes =
      is_few ? inputs.Add(PlanesOf(codes, units)) : inputs.Add(absl::MakeConstSpan(packed));
  ENGRAM_RETURN_IF_ERROR(inputs.Send(workspace));

  const DeviceBank bank = tiles_.OnDevice(inputs.at<DeviceTiles>(in_segments));
  DeviceStates on_device;
  on_device.planes = is_few ? inputs.at<uint32_t>(in_planes) : nullptr;
  on_device.scales = inputs.at<float>(in_scales);
  on_device.errors = inputs.at<EstimateError>(in_errors);
  on_device.visible = inputs.at<const uint16_t*>(in_visible);
  on_device.count = static_cast<int32_t>(batch);
  on_device.plane_count = codes.plane_count();
  auto* const uppers = uppers_->as<float>();
  ENGRAM_RETURN_IF_ERROR(device->Check(gpu->uploads()->LetWait(workspace->stream()), kDoing));
  ENGRAM_RETURN_IF_ERROR(device->Check(
      is_few ? ScanFewStates(bank, on_device, device->multiprocessors(), uppers, workspace->stream())
             : ScanManyStates(bank, on_device, inputs.at<uint32_t>(in_planes), uppers, workspace->stream()),
      kDoing));

  chunk_count_ = std::min(tile_count, std::max(kLeastChunks, kChunksPerRank * rank));
  ENGRAM_RETURN_IF_ERROR(
      workspace->results().Grow(batch * chunk_count_ * static_cast<int64_t>(sizeof(float))));
  return device->Check(
      FindBestLowers(bank, uppers, on_device.errors, on_device.count, static_cast<int32_t>(chunk_count_),
                     workspace->results().as<float>(), workspace->stream()),
      kDoing);
}

absl::Status DeviceScan::FetchLowers(Workspace* workspace, absl::Span<std::vector<double>> lowers) const {
  tiles_.gpu()->device()->Use();
  const auto batch = static_cast<int64_t>(scales_.size());
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const float> found,
                          workspace->Fetch(workspace->results().as<const float>(), batch * chunk_count_));
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
  const int64_t dim = tiles_.bank().settings().dim;
  const StateCodes codes(SpansOf(states), dim, 2);
  std::vector<Cutoff> cutoffs;
  for (size_t i = 0; i < requests.size(); ++i) {
    cutoffs.push_back({ScaledCut(requests[i].cut, ScaleOf(codes, static_cast<int64_t>(i))),
                       requests[i].factor, requests[i].distance});
  }
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<const uint16_t*> visible, FindVisible(states, workspace));
  const std::vector<EstimateError> errors = ErrorsOf(codes);

  Inputs inputs;
  const Inputs::Handle in_segments = inputs.Add(absl::MakeConstSpan(tiles_.segments()));
  const Inputs::Handle in_scales = inputs.Add(absl::MakeConstSpan(codes.scales(), states.size()));
  const Inputs::Handle in_errors = inputs.Add(absl::MakeConstSpan(errors));
  const Inputs::Handle in_visible = inputs.Add(absl::MakeConstSpan(visible));
  const Inputs::Handle in_planes = inputs.Add(PlanesOf(codes, UnitCount(dim)));
  const Inputs::Handle in_cutoffs = inputs.Add(absl::MakeConstSpan(cutoffs));
  const Inputs::Handle in_exact = inputs.Add(absl::MakeConstSpan(exact_states));
  ENGRAM_RETURN_IF_ERROR(inputs.Send(workspace));
  SelectTask task;
  task.bank = tiles_.OnDevice(inputs.at<DeviceTiles>(in_segments));
  task.states.planes = inputs.at<uint32_t>(in_planes);
  task.states.scales = inputs.at<float>(in_scales);
  task.states.errors = inputs.at<EstimateError>(in_errors);
  task.states.visible = inputs.at<const uint16_t*>(in_visible);
  task.states.count = static_cast<int32_t>(requests.size());
  task.states.plane_count = 2;
  task.uppers = uppers_->as<float>() + requests[0].b * tiles_.tiles().tile_count();
  task.cutoffs = inputs.at<Cutoff>(in_cutoffs);
  task.exact_states = inputs.at<double>(in_exact);
  task.tiles = workspace->tiles();
  task.rows = workspace->rows();
  task.scores = workspace->scores();
  task.counts = workspace->counts();
  task.capacity = static_cast<uint32_t>(workspace->list_capacity());
  ENGRAM_RETURN_IF_ERROR(
      device->Check(cudaMemsetAsync(task.counts, 0, sizeof(EntryCounts), workspace->stream()), kDoing));
  return device->Check(SelectRows(task, device->multiprocessors(), workspace->stream()), kDoing);
}

absl::Status DeviceScan::FetchSelected(absl::Span<Request> requests, Workspace* workspace) const {
  tiles_.gpu()->device()->Use();
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const EntryCounts> counted,
                          workspace->Fetch<EntryCounts>(workspace->counts(), 1));
  const EntryCounts counts = counted[0];
  if (std::max(counts.tiles, counts.rows) > workspace->list_capacity()) {
    return SelectInHalves(requests, workspace);
  }
  if (counts.rows == 0) return absl::OkStatus();
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const RowEntry> fetched_rows,
                          workspace->Fetch<RowEntry>(workspace->rows(), counts.rows));
  const std::vector<RowEntry> rows(fetched_rows.begin(), fetched_rows.end());
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const double> scores,
                          workspace->Fetch<double>(workspace->scores(), counts.rows));
  const RowScorer scorer(&tiles_.bank(), &BestCanonicalArithmetic());
  for (size_t i = 0; i < rows.size(); ++i) {
    const TileRange tile = tiles_.tiles().Find(rows[i].tile);
    const RowRef row{tile.segment, static_cast<int32_t>(tile.first * kTileRows + rows[i].row)};
    Request& request = requests[rows[i].state];
    const auto* const segment =
        static_cast<const DeviceSegment*>(tiles_.bank().segment(tile.segment).resident());
    request.survivors->push_back(segment->patterns() != nullptr
                                     ? Survivor{scores[i], tiles_.bank().id(row), row}
                                     : scorer.Score(request.state->state, row));
  }
  return absl::OkStatus();
}

absl::Status DeviceScan::SelectInHalves(absl::Span<Request> requests, Workspace* workspace) const {
  if (requests.size() == 1) {
    requests[0].fits = false;
    return absl::OkStatus();
  }
  // In parts there is room, or we know whose entries they are.
  const size_t half = requests.size() / 2;
  for (const absl::Span<Request> part : {requests.first(half), requests.subspan(half)}) {
    ENGRAM_RETURN_IF_ERROR(LaunchSelect(part, workspace));
    ENGRAM_RETURN_IF_ERROR(FetchSelected(part, workspace));
  }
  return absl::OkStatus();
}

}  // namespace engram
