#ifndef ENGRAM_CORE_SWEEP_CUDA_STREAM_KERNELS_H_
#define ENGRAM_CORE_SWEEP_CUDA_STREAM_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

namespace engram {

// Rows up to so many columns are streamed: a warp has one in registers, beside a state and a sum in float32;
// the sum in double is in shared memory.
constexpr int64_t kMostStreamedColumns = 1024;
// States that one read of the rows serves, at most.
constexpr int32_t kMostStreamedStates = 8;
// Rows belong to stripes by their number. A block of threads has so many of them, whichever states it serves.
constexpr int kStreamStripes = 8;
inline int64_t StreamBlocks(int multiprocessors) { return int64_t{multiprocessors} * 4; }

// The resident rows of one segment. Pointers are to the device's memory.
struct StreamedSegment {
  const float* patterns = nullptr;  // [end - begin, D]
  const float* norms = nullptr;     // [end - begin], rounded up.
  int64_t begin = 0;                // The first row's number, which decides who adds it up.
  int64_t end = 0;
  int64_t tile = 0;   // The number of its first tile among those of all segments.
  int64_t place = 0;  // That of its first row's score.
};

// What is streamed for one state. Pointers are to the device's memory.
struct StreamedState {
  const float* state = nullptr;       // [D], scaled.
  const uint16_t* visible = nullptr;  // Bit l of entry t: row l of tile t is visible.
  const uint16_t* loose = nullptr;    // [segments], likewise of the rows behind a segment's last full tile.
  double temperature = 0;             // beta times the state's scale: of the scaled scores.
  double window = 0;
};

// What some of the rows add up to, by weights exp(temperature (score - largest)).
struct StreamSum {
  float largest = 0;       // Of their scores; -infinity: none is visible, and the rest has no meaning.
  float largest_norm = 0;  // Of those visible.
  int64_t row_count = 0;   // Those visible,
  int64_t most_rows = 0;   // and the most of one stripe.
  double total = 0;
  double squares = 0;  // Weighted sum of |x|^2.
};

struct StreamTask {
  const StreamedSegment* segments = nullptr;  // [segment_count], ascending, none of them empty.
  int32_t segment_count = 0;
  int32_t state_count = 0;
  int64_t dim = 0;
  int64_t blocks = 0;                     // StreamBlocks of the device.
  const StreamedState* states = nullptr;  // [B]
  float* scores = nullptr;  // [B, rows], by place; filled, -infinity where a row is not visible.
  int64_t row_count = 0;
  StreamSum* block_sums = nullptr;       // [B, blocks], scratch.
  double* block_combinations = nullptr;  // [B, blocks, D], likewise.
  StreamSum* sums = nullptr;             // [B], of all rows.
  double* combinations = nullptr;        // [B, D]; undefined where no row is visible.
};

// Scores and weights in float32. Weighted sums of up to 32 rows of a stripe in float32, those of more, and
// all totals, in double, rescaled whenever a warp meets a larger score. One read of the rows for each
// kMostStreamedStates states. What a state gets does not depend on the others.
cudaError_t StreamRows(const StreamTask& task, cudaStream_t stream);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_STREAM_KERNELS_H_
