#ifndef ENGRAM_BENCH_GPU_GPU_OPTIONS_H_
#define ENGRAM_BENCH_GPU_GPU_OPTIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace engram::bench {

// N patterns of D dimensions.
struct Shape {
  int64_t patterns = 0;
  int64_t dim = 0;
};

struct GpuOptions {
  int device = 0;
  std::vector<Shape> scans;         // Of codes that are made on the device.
  std::vector<Shape> banks;         // Of real banks, stored and swept.
  std::vector<int64_t> batches;     // States B of one scan or sweep.
  int64_t ceiling_bytes = 0;        // What is read to find the ceiling.
  int64_t multiply_rounds = 0;      // Of the loop that finds the other.
  int64_t rounds = 0;               // Every figure is measured so many times, in turn with the others.
  int64_t checked = 0;              // Answers of each batch that are compared with those of the CPU backend.
  int64_t least_work = 0;           // See CudaOptions.
  std::vector<int64_t> part_bytes;  // Of the integers of a GEMM; empty: as the device's cache suggests.
  int64_t host_bytes = 0;           // Memory that banks may take here; 0: what is free.
  int threads = 0;                  // The caller included; 0: all there are.
  uint64_t seed = 1;
  absl::Time end = absl::InfiniteFuture();  // Nothing is begun after it.

  bool is_late() const { return absl::Now() >= end; }
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_GPU_OPTIONS_H_
