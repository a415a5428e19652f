#ifndef ENGRAM_CORE_SWEEP_CUDA_CUDA_BACKEND_H_
#define ENGRAM_CORE_SWEEP_CUDA_CUDA_BACKEND_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/base/clock.h"
#include "core/base/thread_pool.h"
#include "core/sweep/cpu/screen_kernels.h"
#include "core/sweep/sweeper.h"

namespace engram {

struct CudaOptions {
  // The numbers of the devices that banks are spread over, as CUDA counts them; at least one. One that is
  // given twice is as good as two with half its memory.
  std::vector<int> devices = {0};
  // Bytes of each one's memory that banks may take; 0: what is free but for the scratch.
  int64_t budget_bytes = 0;
  // Bytes of each one's memory for the bounds of one scan, or the scores of one stream, or a sixteenth of
  // what is free if that is less; larger batches are scanned in parts. Twice as much is taken at once, with
  // the lists of a few sweeps and looks at a time, and kept.
  int64_t scratch_bytes = int64_t{512} << 20;
  // Tiles, and rows, above the cut that one look at the bounds has room for; for more there are several.
  int64_t list_capacity = int64_t{1} << 17;
  // Products of rows and columns in a bank from which it is swept on the device: a smaller bank is swept on
  // the host before a launch would begin.
  int64_t least_work = int64_t{1} << 20;
  // A device that has been asked (Sweeper::ProbeDevices) and has not answered for so long is lost. Whatever
  // is launched takes far less; and answers do not wait for it.
  absl::Duration probe_timeout = absl::Seconds(10);
  // What that time is taken from; must outlive the backend. Null: the wall clock.
  const Clock* clock = nullptr;
};

// The backend for NVIDIA's GPUs; see CudaSweeper. `pool` must outlive it, `kernels` and it all results and
// banks.
// INVALID_ARGUMENT: no device is given. NOT_FOUND: there is no such device, or no driver; the text says
// which. UNAVAILABLE: it does not work. RESOURCE_EXHAUSTED: it has no memory for the scratch.
absl::StatusOr<std::unique_ptr<Sweeper>> MakeCudaSweeper(const CudaOptions& options, ThreadPool* pool,
                                                         const ScreenKernels& kernels);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_CUDA_BACKEND_H_
