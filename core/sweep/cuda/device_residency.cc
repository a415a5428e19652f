#include "core/sweep/cuda/device_residency.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/bank/segment.h"
#include "core/base/status_macros.h"
#include "core/sweep/cuda/device_segment.h"

namespace engram {

absl::StatusOr<std::unique_ptr<ResidentSegment>> DeviceResidency::Reserve(int64_t capacity,
                                                                          const BankSettings& settings,
                                                                          absl::string_view purpose) {
  // A bank without codes is swept on the host; a lost device holds nothing.
  if (settings.screening != Screening::kInt8 || gpu_->device()->is_lost()) return nullptr;
  absl::StatusOr<std::unique_ptr<ResidentSegment>> made =
      Make(capacity, settings.dim, /*with_patterns=*/true, purpose);
  if (absl::IsResourceExhausted(made.status())) {
    made = Make(capacity, settings.dim, /*with_patterns=*/false, purpose);
  }
  // It will be swept on the host.
  if (gpu_->device()->is_lost()) return nullptr;
  return made;
}

int64_t DeviceResidency::FreeRows(const BankSettings& settings) const {
  if (settings.screening != Screening::kInt8 || gpu_->device()->is_lost()) return kUnlimitedRows;
  // Of their codes alone, and without what a segment costs beside its rows.
  const auto bytes_for = [&](int64_t rows) {
    return DeviceSegment::BytesFor(rows, settings.dim, /*with_patterns=*/false);
  };
  constexpr int64_t kMany = int64_t{1} << 16;
  const int64_t row_bytes = (bytes_for(2 * kMany) - bytes_for(kMany)) / kMany;
  return std::max<int64_t>(free_bytes(), 0) / row_bytes;
}

absl::StatusOr<std::unique_ptr<ResidentSegment>> DeviceResidency::Make(int64_t capacity, int64_t dim,
                                                                       bool with_patterns,
                                                                       absl::string_view purpose) {
  const int64_t bytes = DeviceSegment::BytesFor(capacity, dim, with_patterns);
  const int64_t of_patterns = bytes - DeviceSegment::BytesFor(capacity, dim, false);
  const std::string on_device = absl::StrCat(purpose, " on ", gpu_->device()->name());
  ENGRAM_ASSIGN_OR_RETURN(Reservation patterns, pattern_budget_.Reserve(of_patterns, on_device));
  ENGRAM_ASSIGN_OR_RETURN(Reservation reservation, budget_.Reserve(bytes, on_device));
  ENGRAM_ASSIGN_OR_RETURN(DeviceBytes memory, gpu_->TakeForBank(bytes));
  return std::make_unique<DeviceSegment>(capacity, dim, with_patterns, std::move(memory),
                                         std::move(reservation), std::move(patterns), gpu_);
}

}  // namespace engram
