#include "core/sweep/cuda/device_scan.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

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

std::optional<ResidentTiles> ResidentTiles::Find(BankSnapshot bank) {
  ResidentTiles found(std::move(bank));
  for (const TileRange& range : found.tiles_.BySegment()) {
    const auto* const segment =
        dynamic_cast<const DeviceSegment*>(found.bank_.segment(range.segment).resident());
    if (segment == nullptr) return std::nullopt;
    found.segments_.push_back(segment->tiles(range.number, range.count));
    found.has_patterns_ &= segment->patterns() != nullptr;
  }
  // Tiles are numbered in 32 bits in lists.
  constexpr int64_t kMostTiles = std::numeric_limits<int32_t>::max();
  if (found.segments_.empty() || found.tiles_.tile_count() > kMostTiles) return std::nullopt;
  return found;
}

DeviceBank ResidentTiles::OnDevice(const DeviceTiles* segments) const {
  DeviceBank bank;
  bank.segments = segments;
  bank.segment_count = static_cast<int32_t>(segments_.size());
  bank.units = static_cast<int32_t>(UnitCount(bank_.settings().dim));
  bank.dim = bank_.settings().dim;
  bank.tile_count = tiles_.tile_count();
  return bank;
}

DeviceScan::~DeviceScan() {
  if (uppers_.has_value()) gpu_->GiveBack(*std::move(uppers_));
}

absl::StatusOr<DeviceScan::Visible> DeviceScan::FindVisible(const std::vector<const SweepState*>& states,
                                                            Workspace* workspace) const {
  Visible visible;
  for (size_t b = 0; b < states.size(); ++b) {
    if (b == 0 || states[b]->version != states[b - 1]->version) {
      ENGRAM_ASSIGN_OR_RETURN(
          std::shared_ptr<const VisibleTiles> owner,
          gpu_->visible_tiles()->Get(tiles_.bank(), tiles_.tiles(), states[b]->version, workspace->stream()));
      visible.owners.push_back(std::move(owner));
    }
    visible.rows.push_back(visible.owners.back()->rows());
  }
  return visible;
}

absl::Status DeviceScan::Scan(absl::Span<const SweepState> states, Workspace* workspace,
                              std::vector<std::vector<double>>* lowers) {
  Device* const device = gpu_->device();
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
  ENGRAM_ASSIGN_OR_RETURN(uppers_,
                          gpu_->TakeBounds(batch * tile_count * static_cast<int64_t>(sizeof(float))));
  ENGRAM_ASSIGN_OR_RETURN(const Visible visible, FindVisible(pointers, workspace));
  const std::vector<EstimateError> errors = ErrorsOf(codes);
  const std::vector<uint32_t> packed = is_few ? std::vector<uint32_t>() : Pack(codes, units);

  Inputs inputs;
  const Inputs::Handle in_segments = inputs.Add(absl::MakeConstSpan(tiles_.segments()));
  const Inputs::Handle in_scales = inputs.Add(absl::MakeConstSpan(codes.scales(), states.size()));
  const Inputs::Handle in_errors = inputs.Add(absl::MakeConstSpan(errors));
  const Inputs::Handle in_visible = inputs.Add(absl::MakeConstSpan(visible.rows));
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
  ENGRAM_RETURN_IF_ERROR(device->Check(gpu_->uploads()->LetWait(workspace->stream()), kDoing));
  ENGRAM_RETURN_IF_ERROR(device->Check(
      is_few ? ScanFewStates(bank, on_device, device->multiprocessors(), uppers, workspace->stream())
             : ScanManyStates(bank, on_device, inputs.at<uint32_t>(in_planes), uppers, workspace->stream()),
      kDoing));

  const int64_t chunks = std::min(tile_count, std::max(kLeastChunks, kChunksPerRank * rank));
  ENGRAM_RETURN_IF_ERROR(workspace->results().Grow(batch * chunks * static_cast<int64_t>(sizeof(float))));
  ENGRAM_RETURN_IF_ERROR(device->Check(
      FindBestLowers(bank, uppers, on_device.errors, on_device.count, static_cast<int32_t>(chunks),
                     workspace->results().as<float>(), workspace->stream()),
      kDoing));
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const float> found,
                          workspace->Fetch(workspace->results().as<const float>(), batch * chunks));
  lowers->assign(states.size(), {});
  for (int64_t b = 0; b < batch; ++b) {
    for (const float lower : found.subspan(b * chunks, chunks)) {
      if (std::isfinite(lower)) (*lowers)[b].push_back(lower * ScaleOf(codes, b));
    }
  }
  return absl::OkStatus();
}

absl::Status DeviceScan::Select(absl::Span<Request> requests, Workspace* workspace) const {
  if (requests.empty()) return absl::OkStatus();
  EntryCounts counts;
  ENGRAM_RETURN_IF_ERROR(SelectOnce(requests, workspace, &counts));
  if (std::max(counts.tiles, counts.rows) <= workspace->list_capacity()) return absl::OkStatus();
  if (requests.size() == 1) {
    requests[0].fits = false;
    return absl::OkStatus();
  }
  // In parts there is room, or we know whose entries they are.
  ENGRAM_RETURN_IF_ERROR(Select(requests.first(requests.size() / 2), workspace));
  return Select(requests.subspan(requests.size() / 2), workspace);
}

absl::Status DeviceScan::SelectOnce(absl::Span<Request> requests, Workspace* workspace,
                                    EntryCounts* counts) const {
  Device* const device = gpu_->device();
  device->Use();
  std::vector<const SweepState*> states;
  std::vector<double> exact_states;
  for (Request& request : requests) {
    states.push_back(request.state);
    exact_states.insert(exact_states.end(), request.state->state.begin(), request.state->state.end());
    request.survivors->clear();
    request.fits = true;
  }
  const int64_t dim = tiles_.bank().settings().dim;
  const StateCodes codes(SpansOf(states), dim, 2);
  std::vector<Cutoff> cutoffs;
  for (size_t i = 0; i < requests.size(); ++i) {
    cutoffs.push_back({ScaledCut(requests[i].cut, ScaleOf(codes, static_cast<int64_t>(i))),
                       requests[i].factor, requests[i].distance});
  }
  ENGRAM_ASSIGN_OR_RETURN(const Visible visible, FindVisible(states, workspace));
  const std::vector<EstimateError> errors = ErrorsOf(codes);

  Inputs inputs;
  const Inputs::Handle in_segments = inputs.Add(absl::MakeConstSpan(tiles_.segments()));
  const Inputs::Handle in_scales = inputs.Add(absl::MakeConstSpan(codes.scales(), states.size()));
  const Inputs::Handle in_errors = inputs.Add(absl::MakeConstSpan(errors));
  const Inputs::Handle in_visible = inputs.Add(absl::MakeConstSpan(visible.rows));
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
  ENGRAM_RETURN_IF_ERROR(
      device->Check(SelectRows(task, device->multiprocessors(), workspace->stream()), kDoing));
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const EntryCounts> counted,
                          workspace->Fetch<EntryCounts>(task.counts, 1));
  *counts = counted[0];
  if (std::max(counts->tiles, counts->rows) > task.capacity) return absl::OkStatus();

  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const RowEntry> fetched_rows,
                          workspace->Fetch<RowEntry>(task.rows, counts->rows));
  const std::vector<RowEntry> rows(fetched_rows.begin(), fetched_rows.end());
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const double> scores,
                          workspace->Fetch<double>(task.scores, counts->rows));
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

}  // namespace engram
