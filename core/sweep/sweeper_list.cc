#include "core/sweep/sweeper_list.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/sweep/cpu/cpu_sweeper.h"
#include "core/sweep/cpu/screen_kernels.h"
#include "core/sweep/reference_sweeper.h"

namespace engram {
namespace {

constexpr char kByName[] = "asked for by name";

ChosenSweeper MakeCpuSweeper(const ScreenKernels& kernels, bool is_best, std::string reason,
                             ThreadPool* pool) {
  return {std::make_unique<CpuSweeper>(pool, kernels), std::move(reason), kernels.name,
          is_best ? "auto: the fastest that this processor supports" : kByName};
}

}  // namespace

std::vector<std::string> SweeperNames() { return {"reference", "cpu"}; }

absl::StatusOr<ChosenSweeper> MakeSweeper(const std::string& name, const std::string& kernels,
                                          ThreadPool* pool) {
  ENGRAM_ASSIGN_OR_RETURN(const ScreenKernels* found, FindScreenKernels(kernels));
  const bool is_best = kernels == "auto";
  if (name == "reference")
    return ChosenSweeper{std::make_unique<ReferenceSweeper>(), kByName, "", "reference does not screen"};
  if (name == "cpu") return MakeCpuSweeper(*found, is_best, kByName, pool);
  if (name == "auto") return MakeCpuSweeper(*found, is_best, "auto: this build has no CUDA backend", pool);
  return InvalidField("backend", absl::StrCat("'", name, "'"),
                      absl::StrCat("auto, ", absl::StrJoin(SweeperNames(), ", ")));
}

}  // namespace engram
