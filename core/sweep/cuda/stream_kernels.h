#ifndef ENGRAM_CORE_SWEEP_CUDA_STREAM_KERNELS_H_
#define ENGRAM_CORE_SWEEP_CUDA_STREAM_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

namespace engram {

// Rows up to so many columns are streamed: a warp keeps one in registers, with what it adds up.
constexpr int64_t kMostStreamedColumns = 1024;

// The resident rows of one segment, numbered from `begin`. Pointers are to the device's memory.
struct DeviceRows {
  const float* patterns = nullptr;    // [end - begin, D]
  const uint16_t* visible = nullptr;  // Bit l of entry t: row 16 t + l of the segment is visible.
  float* scores = nullptr;            // [end - begin]; filled.
  int64_t begin = 0;
  int64_t end = 0;
};

// What some of the rows add up to, by weights exp(temperature (score - largest)).
struct StreamSum {
  float largest = 0;  // Of their scores; -infinity: none is visible.
  double total = 0;
  double squares = 0;  // Weighted sum of |x|^2.
};

struct StreamTask {
  const DeviceRows* segments = nullptr;  // [segment_count], ascending, not empty.
  int32_t segment_count = 0;
  int64_t dim = 0;
  const float* state = nullptr;  // [D], scaled.
  double temperature = 0;        // beta times the state's scale: of the scaled scores.
  double window = 0;
  StreamSum* sums = nullptr;       // [blocks + 1], the last of all rows; scratch but for that.
  double* combinations = nullptr;  // [blocks + 1, D], likewise.
};

// Blocks of threads: a row's place among them depends on its number alone.
constexpr int kStreamWarps = 8;
inline int64_t StreamBlocks(int multiprocessors) { return int64_t{multiprocessors} * 4; }

// One read of the rows: scores in float32, weights and weighted sums in double, rescaled whenever a warp
// meets a larger score.
cudaError_t StreamRows(const StreamTask& task, int64_t blocks, cudaStream_t stream);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_STREAM_KERNELS_H_
