#ifndef ENGRAM_TESTS_CORE_BANK_FAKE_RESIDENCY_H_
#define ENGRAM_TESTS_CORE_BANK_FAKE_RESIDENCY_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/bank/residency.h"
#include "core/base/mutex.h"

namespace engram {

// A device for tests, with memory for so many rows. Keeps rows as it gets them, and checks that each comes
// once and in order.
class FakeResidency : public Residency {
 public:
  static constexpr int64_t kRowBytes = 10;

  explicit FakeResidency(int64_t limit_rows) : limit_rows_(limit_rows) {}

  // Called with the rows [begin, end) of a segment before they are copied.
  using CopyVisitor = std::function<void(const Segment& segment, int64_t begin, int64_t end)>;
  // Not while rows are copied.
  void OnCopy(CopyVisitor visitor) { on_copy_ = std::move(visitor); }
  // From now on no bank is for the device.
  void Decline() { declines_ = true; }

  absl::StatusOr<std::unique_ptr<ResidentSegment>> Reserve(int64_t capacity, const BankSettings& settings,
                                                           absl::string_view purpose) override {
    if (declines_) return nullptr;
    MutexLock lock(&mutex_);
    purposes_.emplace_back(purpose);
    if (used_rows_ + capacity > limit_rows_) {
      return absl::ResourceExhaustedError(absl::StrCat("device: no memory for ", purpose));
    }
    used_rows_ += capacity;
    return std::make_unique<FakeSegment>(capacity, settings.dim, this);
  }

  int64_t FreeRows(const BankSettings&) const override {
    if (declines_) return kUnlimitedRows;
    MutexLock lock(&mutex_);
    return std::max<int64_t>(limit_rows_ - used_rows_, 0);
  }

  int64_t used_rows() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return used_rows_;
  }
  int64_t used_bytes() const { return used_rows() * kRowBytes; }
  void set_limit_rows(int64_t rows) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    limit_rows_ = rows;
  }
  // Rows of each Copy.
  std::vector<int64_t> copies() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return copies_;
  }
  std::vector<std::string> purposes() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return purposes_;
  }

  // Expects the device to have all rows of `snapshot` as the host has them.
  static void ExpectHas(const BankSnapshot& snapshot) {
    for (int64_t s = 0; s < snapshot.segment_count(); ++s) {
      const Segment& segment = snapshot.segment(s);
      const auto* const resident = static_cast<const FakeSegment*>(segment.resident());
      ASSERT_NE(resident, nullptr);
      ASSERT_GE(resident->row_count(), snapshot.rows_in_segment(s));
      for (int64_t i = 0; i < snapshot.rows_in_segment(s); ++i) {
        ASSERT_EQ(resident->pattern(i), segment.pattern(i)) << "row " << i << " of segment " << s;
      }
    }
  }

 private:
  class FakeSegment : public ResidentSegment {
   public:
    FakeSegment(int64_t capacity, int64_t dim, FakeResidency* device)
        : capacity_(capacity), dim_(dim), device_(device), patterns_(new float[capacity * dim]) {}
    ~FakeSegment() override { device_->Release(capacity_); }

    void Copy(const Segment& segment, int64_t begin, int64_t end) override {
      EXPECT_EQ(segment.resident(), this);
      EXPECT_EQ(segment.capacity(), capacity_);
      EXPECT_EQ(segment.dim(), dim_);
      EXPECT_EQ(begin, row_count()) << "not once and in order";
      EXPECT_LT(begin, end);
      EXPECT_LE(end, capacity_);
      if (device_->on_copy_) device_->on_copy_(segment, begin, end);
      for (int64_t i = begin; i < end; ++i) {
        std::copy(segment.pattern(i).begin(), segment.pattern(i).end(), patterns_.get() + i * dim_);
      }
      row_count_ = end;
      device_->Count(end - begin);
    }
    int64_t bytes() const override { return capacity_ * kRowBytes; }

    // While others are copied, too.
    int64_t row_count() const { return row_count_.load(); }
    absl::Span<const float> pattern(int64_t i) const {
      return {patterns_.get() + i * dim_, static_cast<size_t>(dim_)};
    }

   private:
    const int64_t capacity_;
    const int64_t dim_;
    FakeResidency* const device_;
    const std::unique_ptr<float[]> patterns_;
    std::atomic<int64_t> row_count_{0};
  };

  void Count(int64_t rows) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    copies_.push_back(rows);
  }
  void Release(int64_t rows) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    used_rows_ -= rows;
  }

  CopyVisitor on_copy_;
  bool declines_ = false;
  mutable Mutex mutex_;
  int64_t limit_rows_ ABSL_GUARDED_BY(mutex_);
  int64_t used_rows_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<int64_t> copies_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> purposes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_BANK_FAKE_RESIDENCY_H_
