#ifndef ENGRAM_CORE_SWEEP_CUDA_UTILIZATION_H_
#define ENGRAM_CORE_SWEEP_CUDA_UTILIZATION_H_

#include <optional>

namespace engram {

// The share of the last moments, a second or less, in which a kernel ran on the device, 0 to 1, as NVIDIA's
// management library says, which comes with the driver. Unset: it is not there, or does not know.
// Thread-safe.
std::optional<double> UtilizationOf(int device);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_UTILIZATION_H_
