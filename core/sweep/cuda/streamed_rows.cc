#include "core/sweep/cuda/streamed_rows.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/euclidean_norm.h"
#include "core/base/status_macros.h"
#include "core/codes/row_code.h"
#include "core/sweep/cuda/device_segment.h"
#include "core/sweep/cuda/stream_kernels.h"
#include "core/sweep/cuda/workspace.h"
#include "core/sweep/stream_error.h"

namespace engram {
namespace {

constexpr char kDoing[] = "streaming softmax";

// The rows of a snapshot as the device gets them.
struct Rows {
  Gpu* gpu = nullptr;                          // Where they lie.
  std::vector<DeviceRows> segments;            // Without scores.
  std::vector<std::vector<uint16_t>> visible;  // Of each of them.
  std::vector<int32_t> numbers;                // Of the snapshot's segments that they are.
  int64_t row_count = 0;                       // Those that exist.
  int64_t end = 0;                             // Behind the last row's number.
  // Of the visible rows alone: what is said of an update may depend on no other.
  int64_t visible_count = 0;
  int64_t last_visible = 0;
  double largest_norm = 0;
};

// False: they are not all resident on the same device.
bool FindRows(const BankSnapshot& bank, int64_t version, Rows* rows) {
  for (int32_t s = 0; s < bank.segment_count(); ++s) {
    const Segment& segment = bank.segment(s);
    const int64_t count = bank.rows_in_segment(s);
    // By capacity, so that a row's number, and who adds it up, does not change while others are stored.
    const int64_t begin = rows->end;
    rows->end += segment.capacity();
    if (count == 0) continue;
    const DeviceSegment* const resident = DeviceSegment::Of(segment);
    if (resident == nullptr || resident->patterns() == nullptr) return false;
    if (rows->gpu != nullptr && rows->gpu != resident->gpu()) return false;
    rows->gpu = resident->gpu();
    std::vector<uint16_t> visible((count + kTileRows - 1) / kTileRows);
    for (int64_t i = 0; i < count; ++i) {
      if (!segment.VisibleAt(i, version)) continue;
      visible[i / kTileRows] |= static_cast<uint16_t>(1U << (i % kTileRows));
      ++rows->visible_count;
      rows->last_visible = begin + i;
      rows->largest_norm = std::max(rows->largest_norm, segment.norm(i));
    }
    DeviceRows device;
    device.patterns = resident->patterns();
    device.begin = begin;
    device.end = begin + count;
    rows->segments.push_back(device);
    rows->visible.push_back(std::move(visible));
    rows->numbers.push_back(s);
    rows->row_count += count;
  }
  return !rows->segments.empty();
}

absl::Status Stream(Workspace* workspace, const BankSnapshot& bank, const StreamState& state,
                    const Rows& rows, StreamedSoftmax* update) {
  Device* const device = rows.gpu->device();
  device->Use();
  const int64_t dim = bank.settings().dim;
  const int64_t blocks = StreamBlocks(device->multiprocessors());
  const double state_norm = EuclideanNorm(state.state);
  update->scale = ScaleFor(state_norm);
  std::vector<float> scaled;
  for (const double q : state.state) scaled.push_back(static_cast<float>(q / update->scale));

  // Scores, then sums, then combinations.
  constexpr int64_t kAlignment = 256;
  const int64_t scores_bytes =
      (rows.row_count * static_cast<int64_t>(sizeof(float)) + kAlignment - 1) / kAlignment * kAlignment;
  const int64_t sums_bytes = (blocks + 1) * static_cast<int64_t>(sizeof(StreamSum));
  ENGRAM_ASSIGN_OR_RETURN(
      const DeviceBytes memory,
      workspace->Take(scores_bytes + sums_bytes + (blocks + 1) * dim * static_cast<int64_t>(sizeof(double))));
  auto* const results = memory.as<unsigned char>();
  auto* const scores = reinterpret_cast<float*>(results);

  // What is sent first has the addresses of what is sent then.
  Inputs inputs;
  const Inputs::Handle in_state = inputs.Add(absl::MakeConstSpan(scaled));
  std::vector<Inputs::Handle> in_visible;
  for (const std::vector<uint16_t>& visible : rows.visible) {
    in_visible.push_back(inputs.Add(absl::MakeConstSpan(visible)));
  }
  std::vector<DeviceRows> segments = rows.segments;
  const Inputs::Handle in_segments = inputs.Add(absl::MakeConstSpan(segments));
  ENGRAM_RETURN_IF_ERROR(inputs.Reserve(workspace));
  int64_t before = 0;
  for (size_t k = 0; k < segments.size(); ++k) {
    segments[k].visible = inputs.at<uint16_t>(in_visible[k]);
    segments[k].scores = scores + before;
    before += segments[k].end - segments[k].begin;
  }
  ENGRAM_RETURN_IF_ERROR(inputs.Send(workspace));

  StreamTask task;
  task.segments = inputs.at<DeviceRows>(in_segments);
  task.segment_count = static_cast<int32_t>(segments.size());
  task.dim = dim;
  task.state = inputs.at<float>(in_state);
  task.temperature = state.beta * update->scale;
  task.window = state.window;
  task.sums = reinterpret_cast<StreamSum*>(results + scores_bytes);
  task.combinations = reinterpret_cast<double*>(results + scores_bytes + sums_bytes);
  ENGRAM_RETURN_IF_ERROR(device->Check(rows.gpu->uploads()->LetWait(workspace->stream()), kDoing));
  ENGRAM_RETURN_IF_ERROR(device->Check(StreamRows(task, blocks, workspace->stream()), kDoing));

  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const StreamSum> sums,
                          workspace->Fetch<StreamSum>(task.sums + blocks, 1));
  const StreamSum whole = sums[0];
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const double> combination,
                          workspace->Fetch<double>(task.combinations + blocks * dim, dim));
  update->combination.assign(combination.begin(), combination.end());
  for (double& z : update->combination) z /= whole.total;
  update->largest = whole.largest;
  update->total = whole.total;
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const float> fetched,
                          workspace->Fetch<float>(scores, rows.row_count));
  update->scores.assign(bank.segment_count(), {});
  before = 0;
  for (size_t k = 0; k < segments.size(); ++k) {
    const int64_t count = segments[k].end - segments[k].begin;
    const absl::Span<const float> of_segment = fetched.subspan(before, count);
    update->scores[rows.numbers[k]].assign(of_segment.begin(), of_segment.end());
    before += count;
  }

  StreamRounding rounding;
  rounding.dim = dim;
  rounding.row_count = rows.visible_count;
  // For each row of a warp, a rescaling and a sum; then those of the warps and of the blocks.
  rounding.block_count = 2 * (rows.last_visible / (blocks * kStreamWarps) + 1 + kStreamWarps + blocks);
  rounding.beta = state.beta;
  rounding.state_norm = state_norm;
  rounding.scale = update->scale;
  rounding.largest_norm = rows.largest_norm;
  rounding.mean_square = whole.squares / whole.total;
  rounding.combination_norm = EuclideanNorm(update->combination);
  update->error_bound = StreamErrorBound(rounding);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> StreamSoftmaxOnDevice(const BankSnapshot& bank, const StreamState& state,
                                           StreamedSoftmax* update) {
  if (bank.settings().dim > kMostStreamedColumns) return false;
  Rows rows;
  if (!FindRows(bank, state.version, &rows)) return false;
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<Workspace> workspace, rows.gpu->TakeWorkspace());
  const absl::Status status = Stream(workspace.get(), bank, state, rows, update);
  rows.gpu->GiveBack(std::move(workspace));
  ENGRAM_RETURN_IF_ERROR(status);
  rows.gpu->counts().sweeps.Add(1);
  return true;
}

}  // namespace engram
