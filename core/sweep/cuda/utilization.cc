#include "core/sweep/cuda/utilization.h"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

namespace engram {
namespace {

// What is used of nvml.h. The library is loaded when it is needed: a machine without a driver has none.
using NvmlDevice = struct nvmlDevice_st*;
struct NvmlUtilization {
  unsigned gpu = 0;  // Percent.
  unsigned memory = 0;
};
constexpr int kNvmlSuccess = 0;

class Nvml {
 public:
  Nvml() {
    void* const library = dlopen("libnvidia-ml.so.1", RTLD_NOW);  // For as long as the process lives.
    if (library == nullptr) return;
    int (*start)() = nullptr;
    Load(library, "nvmlInit_v2", &start);
    Load(library, "nvmlDeviceGetHandleByPciBusId_v2", &find_);
    Load(library, "nvmlDeviceGetUtilizationRates", &utilization_);
    works_ = start != nullptr && find_ != nullptr && utilization_ != nullptr && start() == kNvmlSuccess;
  }

  std::optional<double> Utilization(const char* pci_bus_id) const {
    NvmlDevice device = nullptr;
    NvmlUtilization utilization;
    if (!works_ || find_(pci_bus_id, &device) != kNvmlSuccess) return std::nullopt;
    if (utilization_(device, &utilization) != kNvmlSuccess) return std::nullopt;
    return utilization.gpu / 100.0;
  }

 private:
  template <typename Function>
  static void Load(void* library, const char* name, Function* function) {
    *function = reinterpret_cast<Function>(dlsym(library, name));
  }

  int (*find_)(const char* pci_bus_id, NvmlDevice* device) = nullptr;
  int (*utilization_)(NvmlDevice device, NvmlUtilization* utilization) = nullptr;
  bool works_ = false;
};

}  // namespace

std::optional<double> UtilizationOf(int device) {
  static const Nvml* const nvml = new Nvml();
  char pci_bus_id[32] = {};
  if (cudaDeviceGetPCIBusId(pci_bus_id, sizeof pci_bus_id, device) != cudaSuccess) {
    (void)cudaGetLastError();
    return std::nullopt;
  }
  return nvml->Utilization(pci_bus_id);
}

}  // namespace engram
