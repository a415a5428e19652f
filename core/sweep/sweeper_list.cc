#include "core/sweep/sweeper_list.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"
#include "core/sweep/cpu/cpu_sweeper.h"
#include "core/sweep/reference_sweeper.h"

namespace engram {

std::vector<std::string> SweeperNames() { return {"reference", "cpu"}; }

absl::StatusOr<ChosenSweeper> MakeSweeper(const std::string& name, ThreadPool* pool) {
  if (name == "reference") return ChosenSweeper{std::make_unique<ReferenceSweeper>(), "asked for by name"};
  if (name == "cpu") return ChosenSweeper{std::make_unique<CpuSweeper>(pool), "asked for by name"};
  if (name == "auto") {
    return ChosenSweeper{std::make_unique<CpuSweeper>(pool), "auto: this build has no CUDA backend"};
  }
  return InvalidField("backend", absl::StrCat("'", name, "'"),
                      absl::StrCat("auto, ", absl::StrJoin(SweeperNames(), ", ")));
}

}  // namespace engram
