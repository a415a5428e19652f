#ifndef ENGRAM_BENCH_GPU_GEMM_LIBRARY_H_
#define ENGRAM_BENCH_GPU_GEMM_LIBRARY_H_

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/sweep/cuda/device.h"

namespace engram::bench {

// Somebody else's products of matrices of int8: [rows, columns] times [states, columns] transposed. All three
// are multiples of 16.
struct GemmShape {
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t states = 0;
};

// One way to compute products of one shape. Pointers are to the device's memory, aligned to 256 bytes.
class Gemm {
 public:
  virtual ~Gemm() = default;
  // products[b, i] [states, rows] = sum_j codes[i, j] states[b, j]. Returns at once.
  // UNIMPLEMENTED: the library cannot.
  virtual absl::Status Multiply(const int8_t* codes, const int8_t* states, int32_t* products,
                                cudaStream_t stream) = 0;
};

class GemmLibrary {
 public:
  virtual ~GemmLibrary() = default;
  // With its version.
  virtual std::string name() const = 0;
  // At most `most` ways, the one it thinks best first, on one stream at a time. The library must outlive
  // them. UNIMPLEMENTED: it knows none.
  virtual absl::StatusOr<std::vector<std::unique_ptr<Gemm>>> FindWays(GemmShape shape, int most) = 0;
};

// Loads the library from `path`, or, if that is empty, from where the loader finds it. `device` must outlive
// it. NOT_FOUND: this program was built without it, or it is not here; the text says which.
absl::StatusOr<std::unique_ptr<GemmLibrary>> OpenGemmLibrary(Device* device, const std::string& path);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_GEMM_LIBRARY_H_
