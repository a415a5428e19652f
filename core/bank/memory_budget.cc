#include "core/bank/memory_budget.h"

#include <cassert>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace engram {

Reservation::Reservation(Reservation&& other) noexcept
    : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  std::swap(budget_, other.budget_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

Reservation::~Reservation() {
  if (budget_ != nullptr) budget_->Release(bytes_);
}

Reservation Reservation::Take(int64_t bytes) {
  assert(0 <= bytes && bytes <= bytes_);
  bytes_ -= bytes;
  return Reservation(budget_, bytes);
}

void Reservation::Add(Reservation other) {
  assert(budget_ == nullptr || other.budget_ == nullptr || budget_ == other.budget_);
  if (budget_ == nullptr) budget_ = other.budget_;
  bytes_ += std::exchange(other.bytes_, 0);
}

int64_t MemoryBudget::used_bytes() const {
  MutexLock lock(&mutex_);
  return used_bytes_;
}

absl::StatusOr<Reservation> MemoryBudget::Reserve(int64_t bytes, absl::string_view purpose) {
  MutexLock lock(&mutex_);
  const int64_t free_bytes = limit_bytes_ - used_bytes_;
  if (bytes > free_bytes) {
    ErrorDetails details;
    details.reason = "MEMORY_BUDGET";
    details.metadata = {{"asked_bytes", absl::StrCat(bytes)},
                        {"free_bytes", absl::StrCat(free_bytes)},
                        {"limit_bytes", absl::StrCat(limit_bytes_)}};
    return MakeError(
        absl::StatusCode::kResourceExhausted, details,
        absl::StrCat("memory budget: asked ", bytes, " bytes for ", purpose, ", free ", free_bytes,
                     ", limit ", limit_bytes_, "; free memory or raise --memory-budget-bytes"));
  }
  used_bytes_ += bytes;
  return Reservation(this, bytes);
}

void MemoryBudget::Release(int64_t bytes) {
  MutexLock lock(&mutex_);
  used_bytes_ -= bytes;
}

}  // namespace engram
