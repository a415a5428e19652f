#include <algorithm>
#include <cmath>

#include "core/base/ordered_bits.h"
#include "core/sweep/cuda/device_language.cuh"
#include "core/sweep/cuda/member_kernels.h"

namespace engram {
namespace {

constexpr int kThreads = 256;
constexpr int kBlocksPerMultiprocessor = 8;
constexpr int kKeyBits = 32;
constexpr int kBinBits = 11;
static_assert(1 << kBinBits == kKeyBins);

// Bits below those of a key's part.
__device__ int ShiftOf(int part) { return max(kKeyBits - (part + 1) * kBinBits, 0); }

// Both zeros are the same score.
__device__ uint32_t KeyOf(float score) { return OrderedBits(score == 0 ? 0.0F : score); }

// As the host does: not even the last bit of this may differ from one device to the next.
__device__ bool HasWeight(const StreamedState& state, float score, float largest) {
  return state.temperature * (static_cast<double>(score) - static_cast<double>(largest)) > -state.window;
}

// A block takes a share of the places of one state, and adds what it has counted to what all have.
__global__ void __launch_bounds__(kThreads) FillBins(MemberTask task, int part, int64_t chunk_count) {
  __shared__ unsigned of_block[kKeyBins];
  const int64_t b = blockIdx.x / chunk_count;
  const int64_t chunk = blockIdx.x % chunk_count;
  const int64_t rows = task.streamed.row_count;
  const MemberCount count = task.counts[b];
  if (part > 0 && count.is_found) return;
  for (int i = static_cast<int>(threadIdx.x); i < kKeyBins; i += kThreads) of_block[i] = 0;
  __syncthreads();
  const StreamedState state = task.streamed.states[b];
  const float largest = task.streamed.sums[b].largest;
  const float* const scores = task.streamed.scores + b * rows;
  const int shift = ShiftOf(part);
  const int above = part == 0 ? kKeyBits : ShiftOf(part - 1);
  const int64_t end = rows * (chunk + 1) / chunk_count;
  for (int64_t i = rows * chunk / chunk_count + threadIdx.x; i < end; i += kThreads) {
    const float score = scores[i];
    if (!HasWeight(state, score, largest)) continue;
    const uint32_t key = KeyOf(score);
    // Only those that have the parts before in common with the key that is looked for.
    if (part > 0 && key >> above != count.least >> above) continue;
    const uint32_t bins = 1U << (above - shift);
    atomicAdd(&of_block[(key >> shift) & (bins - 1)], 1U);
  }
  __syncthreads();
  unsigned long long* const all = task.bins + (part * int64_t{task.streamed.state_count} + b) * kKeyBins;
  for (int i = static_cast<int>(threadIdx.x); i < kKeyBins; i += kThreads) {
    if (of_block[i] != 0) atomicAdd(&all[i], static_cast<unsigned long long>(of_block[i]));
  }
}

// A block takes a state: in which bin is the last of the members that are wanted?
__global__ void __launch_bounds__(kThreads) ChooseBin(MemberTask task, int part) {
  constexpr int kBinsPerThread = kKeyBins / kThreads;
  __shared__ unsigned long long of_threads[kThreads];
  const int64_t b = blockIdx.x;
  const unsigned long long* const bins =
      task.bins + (part * int64_t{task.streamed.state_count} + b) * kKeyBins;
  unsigned long long sum = 0;
  for (int i = 0; i < kBinsPerThread; ++i) sum += bins[threadIdx.x * kBinsPerThread + i];
  of_threads[threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.x != 0) return;
  MemberCount count = task.counts[b];
  const auto wanted = static_cast<unsigned long long>(task.wanted[b]);
  if (part == 0) {
    count = MemberCount();
    for (int t = 0; t < kThreads; ++t) count.support += of_threads[t];
    count.left = wanted;
    count.is_found = wanted == 0 || count.support <= wanted;
    count.listed = wanted == 0 ? 0 : count.support;
  }
  if (!count.is_found) {
    // Those in the bins above are fewer than are left, those from this bin on are not.
    int thread = kThreads - 1;
    for (; of_threads[thread] < count.left; --thread) count.left -= of_threads[thread];
    int bin = thread * kBinsPerThread + kBinsPerThread - 1;
    for (; bins[bin] < count.left; --bin) count.left -= bins[bin];
    count.least |= static_cast<uint32_t>(bin) << ShiftOf(part);
    count.is_found = part == kKeyParts - 1;
    count.listed = wanted - count.left + bins[bin];
  }
  task.counts[b] = count;
}

// A thread takes one place of one state at a time. All of a warp go on until the last has none.
__global__ void __launch_bounds__(kThreads)
    FillList(MemberTask task, int32_t first_state, int64_t begin, int64_t end, int64_t chunk_count) {
  const int64_t b = first_state + blockIdx.x / chunk_count;
  const int64_t stride = chunk_count * kThreads;
  const MemberCount count = task.counts[b];
  if (count.listed == 0) return;
  const StreamedState state = task.streamed.states[b];
  const float largest = task.streamed.sums[b].largest;
  const float* const scores = task.streamed.scores + b * task.streamed.row_count;
  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int64_t first = begin + blockIdx.x % chunk_count * kThreads + threadIdx.x;
  for (int64_t i = first; i - lane < end; i += stride) {
    const float score = i < end ? scores[i] : -INFINITY;
    const bool is_listed = HasWeight(state, score, largest) && KeyOf(score) >= count.least;
    const unsigned listed = __ballot_sync(kAllLanes, is_listed);
    unsigned long long place = 0;
    if (lane == 0 && listed != 0) {
      place = atomicAdd(task.entry_count, static_cast<unsigned long long>(__popc(listed)));
    }
    place = __shfl_sync(kAllLanes, place, 0) + static_cast<unsigned>(__popc(listed & ((1U << lane) - 1)));
    if (!is_listed || place >= static_cast<unsigned long long>(task.capacity)) continue;
    int32_t low = 0;
    int32_t high = task.streamed.segment_count - 1;
    while (low < high) {
      const int32_t middle = (low + high + 1) / 2;
      if (task.streamed.segments[middle].place <= i) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    const auto row = static_cast<int32_t>(i - task.streamed.segments[low].place);
    task.entries[place] = {static_cast<int32_t>(b), low, row, score};
  }
}

// Shares of so many places, of so many states, that keep a device busy.
int64_t ChunksFor(int64_t places, int32_t states, int multiprocessors) {
  const int64_t most = (int64_t{multiprocessors} * kBlocksPerMultiprocessor + states - 1) / states;
  return std::clamp<int64_t>((places + kThreads - 1) / kThreads, 1, most);
}

}  // namespace

cudaError_t CountMembers(const MemberTask& task, int multiprocessors, cudaStream_t stream) {
  const int32_t states = task.streamed.state_count;
  const auto bin_bytes = static_cast<size_t>(kKeyParts) * states * kKeyBins * sizeof(*task.bins);
  cudaError_t error = cudaMemsetAsync(task.bins, 0, bin_bytes, stream);
  const int64_t chunks = ChunksFor(task.streamed.row_count, states, multiprocessors);
  for (int part = 0; part < kKeyParts; ++part) {
    if (error != cudaSuccess) return error;
    error = Launch(FillBins, states * chunks, kThreads, 0, stream, task, part, chunks);
    if (error != cudaSuccess) return error;
    error = Launch(ChooseBin, states, kThreads, 0, stream, task, part);
  }
  return error;
}

cudaError_t ListMembers(const MemberTask& task, int32_t first, int32_t last, int64_t begin, int64_t end,
                        int multiprocessors, cudaStream_t stream) {
  const cudaError_t error = cudaMemsetAsync(task.entry_count, 0, sizeof(*task.entry_count), stream);
  if (error != cudaSuccess) return error;
  const int64_t chunks = ChunksFor(end - begin, last - first, multiprocessors);
  return Launch(FillList, (last - first) * chunks, kThreads, 0, stream, task, first, begin, end, chunks);
}

}  // namespace engram
