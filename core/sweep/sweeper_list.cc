#include "core/sweep/sweeper_list.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/sweep/cpu/cpu_sweeper.h"
#include "core/sweep/cpu/screen_kernels.h"
#include "core/sweep/reference_sweeper.h"
#ifdef ENGRAM_HAS_CUDA
#include "core/sweep/cuda/cuda_backend.h"
#endif

namespace engram {
namespace {

constexpr char kByName[] = "asked for by name";
constexpr char kBest[] = "auto: the fastest that this processor supports";
// For people who run a build without it.
constexpr char kHowToGetCuda[] =
    "; build with -DENGRAM_CUDA=ON, which needs nvcc, or take the image for GPUs: deploy/README.md";

ChosenSweeper MakeCpuSweeper(const ScreenKernels& kernels, bool is_best, std::string reason,
                             ThreadPool* pool) {
  return {std::make_unique<CpuSweeper>(pool, kernels), std::move(reason), kernels.name,
          is_best ? kBest : kByName};
}

// An error says why there is none, in words that follow "but".
#ifdef ENGRAM_HAS_CUDA
constexpr bool kHasCuda = true;

absl::StatusOr<std::unique_ptr<Sweeper>> TryCuda(const SweeperOptions& options, const ScreenKernels& kernels,
                                                 ThreadPool* pool) {
  CudaOptions cuda;
  cuda.devices = options.devices;
  cuda.budget_bytes = options.device_budget_bytes;
  absl::StatusOr<std::unique_ptr<Sweeper>> sweeper = MakeCudaSweeper(cuda, pool, kernels);
  if (sweeper.ok()) return sweeper;
  return absl::Status(sweeper.status().code(),
                      absl::StrCat("there is no CUDA device that works: ", sweeper.status().message()));
}
#else
constexpr bool kHasCuda = false;

absl::StatusOr<std::unique_ptr<Sweeper>> TryCuda(const SweeperOptions&, const ScreenKernels&, ThreadPool*) {
  return absl::NotFoundError("this build has no CUDA backend");
}
#endif

}  // namespace

std::vector<std::string> SweeperNames() {
  std::vector<std::string> names = {"reference", "cpu"};
  if (kHasCuda) names.push_back("cuda");
  return names;
}

absl::StatusOr<ChosenSweeper> MakeSweeper(const SweeperOptions& options, ThreadPool* pool) {
  ENGRAM_ASSIGN_OR_RETURN(const ScreenKernels* kernels, FindScreenKernels(options.kernels));
  const bool is_best = options.kernels == "auto";
  if (options.backend == "reference") {
    return ChosenSweeper{std::make_unique<ReferenceSweeper>(), kByName, "", "reference does not screen"};
  }
  if (options.backend == "cpu") return MakeCpuSweeper(*kernels, is_best, kByName, pool);
  const bool is_auto = options.backend == "auto";
  if (is_auto || options.backend == "cuda") {
    absl::StatusOr<std::unique_ptr<Sweeper>> cuda = TryCuda(options, *kernels, pool);
    if (cuda.ok()) {
      const std::string reason = is_auto ? absl::StrCat("auto: found ", (*cuda)->devices()[0].name) : kByName;
      return ChosenSweeper{*std::move(cuda), reason, kernels->name, is_best ? kBest : kByName};
    }
    const absl::string_view why_not = cuda.status().message();
    if (is_auto) return MakeCpuSweeper(*kernels, is_best, absl::StrCat("auto: ", why_not), pool);
    return absl::FailedPreconditionError(
        absl::StrCat("backend: got 'cuda', but ", why_not, kHasCuda ? "" : kHowToGetCuda));
  }
  return InvalidField("backend", absl::StrCat("'", options.backend, "'"),
                      absl::StrCat("auto, ", absl::StrJoin(SweeperNames(), ", ")));
}

}  // namespace engram
