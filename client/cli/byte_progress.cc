#include "client/cli/byte_progress.h"

#include <algorithm>
#include <memory>

#include "absl/time/clock.h"
#include "client/cli/number_text.h"
#include "client/cli/progress_bar.h"

namespace engram::cli {

std::function<void(int64_t, int64_t)> ShowByteProgress(const Screen& screen, const std::string& label) {
  const auto bar =
      std::make_shared<ProgressBar>(screen, label, /*total=*/1, /*start=*/absl::Now(), BytesText);
  return [bar](int64_t done_bytes, int64_t total_bytes) {
    if (total_bytes <= 0) return;
    bar->set_total(total_bytes);
    bar->Update(std::clamp<int64_t>(done_bytes, 0, total_bytes), absl::Now());
  };
}

}  // namespace engram::cli
