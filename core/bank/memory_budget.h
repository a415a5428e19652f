#ifndef ENGRAM_CORE_BANK_MEMORY_BUDGET_H_
#define ENGRAM_CORE_BANK_MEMORY_BUDGET_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/base/mutex.h"

namespace engram {

class MemoryBudget;

// Bytes taken from a MemoryBudget, given back when this goes. Movable, not copyable. Must not outlive the
// budget.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();

  int64_t bytes() const { return bytes_; }

  // Takes `bytes` of it out. REQUIRES: 0 <= bytes <= this->bytes().
  Reservation Take(int64_t bytes);
  // Adds what `other` has. REQUIRES: of the same budget, unless either is empty.
  void Add(Reservation other);

 private:
  friend class MemoryBudget;
  Reservation(MemoryBudget* budget, int64_t bytes) : budget_(budget), bytes_(bytes) {}

  MemoryBudget* budget_ = nullptr;
  int64_t bytes_ = 0;
};

// The bytes that banks may use in all. Thread-safe.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  int64_t limit_bytes() const { return limit_bytes_; }
  int64_t used_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes `bytes` for `purpose`, such as "4,096 patterns of bank 'faces'".
  // RESOURCE_EXHAUSTED: they are not free; the text has asked, free and limit.
  absl::StatusOr<Reservation> Reserve(int64_t bytes, absl::string_view purpose) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  friend class Reservation;
  void Release(int64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  const int64_t limit_bytes_;
  mutable Mutex mutex_;
  int64_t used_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_MEMORY_BUDGET_H_
