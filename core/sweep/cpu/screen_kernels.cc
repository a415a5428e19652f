#include "core/sweep/cpu/screen_kernels.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/error.h"
#include "core/base/instruction_set.h"
#include "core/sweep/cpu/kernels/kernel_list.h"

namespace engram {
absl::Span<const ScreenKernels> AllScreenKernels() {
  static const ScreenKernels kAll[] = {
#if defined(__x86_64__)
    Avx512VnniKernels(),
    AvxVnniKernels(),
    Avx2Kernels(),
#elif defined(__aarch64__)
    NeonKernels(),
#endif
    PortableKernels(),
  };
  return kAll;
}

const ScreenKernels& BestScreenKernels() {
  static const ScreenKernels& best = FirstSupported(AllScreenKernels());
  return best;
}

std::vector<std::string> SupportedScreenKernels() {
  std::vector<std::string> names;
  for (const ScreenKernels& kernels : AllScreenKernels()) {
    if (kernels.supported()) names.push_back(kernels.name);
  }
  return names;
}

absl::StatusOr<const ScreenKernels*> FindScreenKernels(const std::string& name) {
  if (name == "auto") return &BestScreenKernels();
  const absl::Span<const ScreenKernels> all = AllScreenKernels();
  const auto it = std::find_if(all.begin(), all.end(),
                               [&](const ScreenKernels& kernels) { return name == kernels.name; });
  if (it != all.end() && it->supported()) return &*it;
  return InvalidField(
      "cpu-kernels", absl::StrCat("'", name, "'"),
      absl::StrCat("auto, or what this processor supports: ", absl::StrJoin(SupportedScreenKernels(), ", ")));
}

}  // namespace engram
