#include "core/engine/trajectory_memory.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace engram {

absl::Status TrajectoryMemory::Share::GrowTo(int64_t bytes) {
  if (bytes <= bytes_) return absl::OkStatus();
  const int64_t more = bytes - bytes_;
  const int64_t used = memory_->used_bytes_.fetch_add(more) + more;
  bytes_ = bytes;  // Given back at the end in any case.
  if (used <= memory_->limit_bytes_) return absl::OkStatus();
  ErrorDetails details;
  details.reason = "TRAJECTORY_TOO_LARGE";
  details.field = "dynamics.max_iterations";
  details.metadata = {{"asked", absl::StrCat(bytes)},
                      {"free", absl::StrCat(memory_->limit_bytes_ - (used - bytes))},
                      {"limit", absl::StrCat(memory_->limit_bytes_)}};
  return MakeError(
      absl::StatusCode::kResourceExhausted, details,
      absl::StrCat("dynamics.max_iterations: the updates of a query and their gradients take ", bytes,
                   " bytes, free ", memory_->limit_bytes_ - (used - bytes), ", limit ", memory_->limit_bytes_,
                   "; ask for fewer updates, for fewer queries, or for a sparser transformation"));
}

}  // namespace engram
