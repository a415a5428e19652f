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

ChosenSweeper MakeCpuSweeper(const ScreenKernels& kernels, bool is_best, std::string reason,
                             ThreadPool* pool) {
  return {std::make_unique<CpuSweeper>(pool, kernels), std::move(reason), kernels.name,
          is_best ? kBest : kByName};
}

}  // namespace

std::vector<std::string> SweeperNames() {
  std::vector<std::string> names = {"reference", "cpu"};
#ifdef ENGRAM_HAS_CUDA
  names.push_back("cuda");
#endif
  return names;
}

absl::StatusOr<ChosenSweeper> MakeSweeper(const std::string& name, const std::string& kernels,
                                          ThreadPool* pool) {
  ENGRAM_ASSIGN_OR_RETURN(const ScreenKernels* found, FindScreenKernels(kernels));
  const bool is_best = kernels == "auto";
  if (name == "reference") {
    return ChosenSweeper{std::make_unique<ReferenceSweeper>(), kByName, "", "reference does not screen"};
  }
  if (name == "cpu") return MakeCpuSweeper(*found, is_best, kByName, pool);
#ifdef ENGRAM_HAS_CUDA
  if (name == "cuda" || name == "auto") {
    absl::StatusOr<std::unique_ptr<Sweeper>> cuda = MakeCudaSweeper(CudaOptions(), pool, *found);
    if (cuda.ok()) {
      const std::string device = (*cuda)->devices()[0].name;
      return ChosenSweeper{*std::move(cuda), name == "auto" ? absl::StrCat("auto: found ", device) : kByName,
                           found->name, is_best ? kBest : kByName};
    }
    if (name == "auto") {
      return MakeCpuSweeper(*found, is_best, absl::StrCat("auto: no CUDA device: ", cuda.status().message()),
                            pool);
    }
    return absl::FailedPreconditionError(
        absl::StrCat("backend 'cuda' cannot run here: ", cuda.status().message()));
  }
#else
  if (name == "auto") return MakeCpuSweeper(*found, is_best, "auto: this build has no CUDA backend", pool);
#endif
  return InvalidField("backend", absl::StrCat("'", name, "'"),
                      absl::StrCat("auto, ", absl::StrJoin(SweeperNames(), ", ")));
}

}  // namespace engram
