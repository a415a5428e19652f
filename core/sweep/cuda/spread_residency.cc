#include "core/sweep/cuda/spread_residency.h"

#include <algorithm>
#include <utility>

namespace engram {

absl::StatusOr<std::unique_ptr<ResidentSegment>> SpreadResidency::Reserve(int64_t capacity,
                                                                          const BankSettings& settings,
                                                                          absl::string_view purpose) {
  if (is_any_lost()) return nullptr;
  // Others may take from the budgets meanwhile; what was free decides.
  std::vector<std::pair<int64_t, DeviceResidency*>> by_free;
  for (const auto& device : devices_) by_free.emplace_back(device->free_bytes(), device.get());
  std::stable_sort(by_free.begin(), by_free.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  absl::StatusOr<std::unique_ptr<ResidentSegment>> first =
      by_free[0].second->Reserve(capacity, settings, purpose);
  if (!absl::IsResourceExhausted(first.status())) return first;
  for (size_t d = 1; d < by_free.size(); ++d) {
    absl::StatusOr<std::unique_ptr<ResidentSegment>> next =
        by_free[d].second->Reserve(capacity, settings, purpose);
    if (!absl::IsResourceExhausted(next.status())) return next;
  }
  return first;
}

int64_t SpreadResidency::FreeRows(const BankSettings& settings) const {
  int64_t rows = 0;
  for (const auto& device : devices_) {
    const int64_t more = device->FreeRows(settings);
    // Any of them: with one device lost, none gets segments.
    if (more == kUnlimitedRows) return kUnlimitedRows;
    rows += more;
  }
  return rows;
}

bool SpreadResidency::is_any_lost() const {
  return std::any_of(devices_.begin(), devices_.end(),
                     [](const auto& device) { return device->gpu()->device()->is_lost(); });
}

}  // namespace engram
