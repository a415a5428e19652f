#include "core/sweep/cuda/streamed_rows.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/euclidean_norm.h"
#include "core/base/status_macros.h"
#include "core/sweep/cuda/device_stream.h"
#include "core/sweep/cuda/resident_rows.h"
#include "core/sweep/stream_error.h"

namespace engram {
namespace {

using Streams = std::vector<std::unique_ptr<DeviceStream>>;

StreamGroup MakeGroup(absl::Span<const StreamState> states) {
  StreamGroup group;
  group.states = states;
  for (const StreamState& state : states) {
    const double scale = ScaleFor(EuclideanNorm(state.state));
    group.scales.push_back(scale);
    for (const double q : state.state) group.scaled.push_back(static_cast<float>(q / scale));
  }
  return group;
}

// The largest score of each state that any device has.
std::vector<float> LargestOf(const std::vector<std::vector<StreamSum>>& sums, size_t count) {
  std::vector<float> largest(count, StreamedSoftmax::kInvisible);
  for (const std::vector<StreamSum>& of_device : sums) {
    for (size_t b = 0; b < count; ++b) largest[b] = std::max(largest[b], of_device[b].largest);
  }
  return largest;
}

// What the devices say of each state, all of them at work at a time.
absl::Status Run(const Streams& streams, const StreamGroup& group,
                 std::vector<std::vector<DeviceStreamed>>* streamed) {
  for (const auto& stream : streams) ENGRAM_RETURN_IF_ERROR(stream->Launch(&group));
  // A row has weight or not by the largest score of all: several devices tell each other theirs.
  std::vector<std::vector<StreamSum>> sums(streams.size() > 1 ? streams.size() : 0);
  for (size_t p = 0; p < sums.size(); ++p) ENGRAM_RETURN_IF_ERROR(streams[p]->FetchSums(&sums[p]));
  const std::vector<float> largest = LargestOf(sums, group.states.size());
  for (size_t p = 0; p < sums.size(); ++p) ENGRAM_RETURN_IF_ERROR(streams[p]->SetLargest(largest));
  for (const auto& stream : streams) ENGRAM_RETURN_IF_ERROR(stream->LaunchMembers());
  streamed->resize(streams.size());
  for (size_t p = 0; p < streams.size(); ++p) {
    ENGRAM_RETURN_IF_ERROR(streams[p]->Fetch(&(*streamed)[p]));
    for (size_t b = 0; b < group.states.size() && !sums.empty(); ++b) (*streamed)[p][b].sum = sums[p][b];
  }
  return absl::OkStatus();
}

// Adds what devices have of one state, one after the other: parts [p].
StreamedSoftmax Merge(const StreamState& state, double scale,
                      const std::vector<const DeviceStreamed*>& parts) {
  StreamedSoftmax update;
  update.scale = scale;
  update.combination.assign(state.state.size(), 0.0);
  for (const DeviceStreamed* part : parts) update.largest = std::max(update.largest, part->sum.largest);
  StreamRounding rounding;
  int64_t most_rows = 0;
  int64_t most_blocks = 0;
  int64_t part_count = 0;
  for (const DeviceStreamed* const part : parts) {
    const StreamSum& sum = part->sum;
    // Such a device may have come later, with rows of newer versions.
    if (sum.largest == StreamedSoftmax::kInvisible) continue;
    ++part_count;
    most_blocks = std::max(most_blocks, part->block_count);
    const double factor = std::exp(state.beta * scale *
                                   (static_cast<double>(sum.largest) - static_cast<double>(update.largest)));
    update.total += factor * sum.total;
    rounding.mean_square += factor * sum.squares;
    rounding.largest_norm = std::max(rounding.largest_norm, static_cast<double>(sum.largest_norm));
    rounding.row_count += sum.row_count;
    most_rows = std::max(most_rows, sum.most_rows);
    for (size_t j = 0; j < update.combination.size(); ++j) {
      update.combination[j] += factor * part->combination[j];
    }
    update.support_size += part->support_size;
    update.members.insert(update.members.end(), part->members.begin(), part->members.end());
  }
  for (double& z : update.combination) z /= update.total;
  rounding.dim = static_cast<int64_t>(state.state.size());
  // In double each of these takes a factor and a sum in a row: at most the visible rows of one stripe, the
  // stripes of a block, the blocks of a device, the devices. Those in float32 have 32 roundings; what
  // is left of 34 is far more than sums and totals differ by because they are rescaled at different times.
  rounding.block_count = 2 * (most_rows + kStreamStripes + most_blocks + part_count);
  rounding.beta = state.beta;
  rounding.state_norm = EuclideanNorm(state.state);
  rounding.scale = scale;
  rounding.mean_square /= update.total;
  rounding.combination_norm = EuclideanNorm(update.combination);
  update.error_bound = StreamErrorBound(rounding);
  return update;
}

absl::Status StreamStates(const Streams& streams, absl::Span<const StreamState> states,
                          absl::Span<StreamedSoftmax> updates) {
  const StreamGroup group = MakeGroup(states);
  std::vector<std::vector<DeviceStreamed>> streamed;
  ENGRAM_RETURN_IF_ERROR(Run(streams, group, &streamed));
  for (size_t b = 0; b < states.size(); ++b) {
    std::vector<const DeviceStreamed*> parts;
    for (const std::vector<DeviceStreamed>& of_device : streamed) parts.push_back(&of_device[b]);
    updates[b] = Merge(states[b], group.scales[b], parts);
  }
  for (const auto& stream : streams) {
    Gpu::Counts& counts = stream->rows().gpu()->counts();
    const auto count = static_cast<int64_t>(states.size());
    counts.sweeps.Add((count + kMostStreamedStates - 1) / kMostStreamedStates);
    counts.states.Add(count);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<bool> StreamSoftmaxOnDevices(const BankSnapshot& bank, absl::Span<const StreamState> states,
                                            int64_t scratch_bytes, absl::Span<StreamedSoftmax> updates) {
  if (bank.settings().dim > kMostStreamedColumns) return false;
  const std::vector<ResidentRows> resident = ResidentRows::FindAll(bank);
  if (resident.empty()) return false;
  Streams streams;
  int64_t most = static_cast<int64_t>(states.size());
  for (const ResidentRows& rows : resident) {
    ENGRAM_ASSIGN_OR_RETURN(streams.emplace_back(), DeviceStream::Make(&rows));
    most = std::min(most, scratch_bytes / streams.back()->BytesPerState());
  }
  most = std::max<int64_t>(most, 1);
  // Full reads, as long as there is room for them.
  if (most > kMostStreamedStates) most -= most % kMostStreamedStates;
  for (size_t begin = 0; begin < states.size(); begin += static_cast<size_t>(most)) {
    const auto count = static_cast<size_t>(most);
    ENGRAM_RETURN_IF_ERROR(
        StreamStates(streams, states.subspan(begin, count), updates.subspan(begin, count)));
  }
  return true;
}

}  // namespace engram
