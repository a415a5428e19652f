#include "server/staged_rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

// An id, its entry in a hash table at its emptiest, and the string of a payload.
constexpr int64_t kBytesPerRow = 8 + 2 * 9 * 8 / 7 + static_cast<int64_t>(sizeof(std::string));

}  // namespace

absl::Status StagedRows::Add(const PatternRows& rows) {
  for (size_t i = 0; i < rows.ids.size(); ++i) {
    if (distinct_ids_.contains(rows.ids[i])) {
      return InvalidField(absl::StrCat("ids[", i, "]"), absl::StrCat(rows.ids[i], " again"),
                          "each id once in an atomic upload");
    }
  }
  int64_t payload_bytes = 0;
  for (const std::string& payload : rows.payloads) payload_bytes += static_cast<int64_t>(payload.size());
  ENGRAM_RETURN_IF_ERROR(MakeRoom(rows.patterns.rows(), payload_bytes));
  patterns_.insert(patterns_.end(), rows.patterns.data(), rows.patterns.data() + rows.patterns.size());
  if (value_dim_ > 0) {
    values_.insert(values_.end(), rows.values.data(), rows.values.data() + rows.values.size());
  }
  if (ids_.empty() && !rows.ids.empty()) {
    ids_.reserve(capacity_);
    distinct_ids_.reserve(capacity_);
  }
  ids_.insert(ids_.end(), rows.ids.begin(), rows.ids.end());
  distinct_ids_.insert(rows.ids.begin(), rows.ids.end());
  if (!rows.payloads.empty()) {
    payloads_.reserve(capacity_);
    payloads_.resize(count_);
    payloads_.insert(payloads_.end(), rows.payloads.begin(), rows.payloads.end());
  }
  count_ += rows.patterns.rows();
  if (!payloads_.empty()) payloads_.resize(count_);
  return absl::OkStatus();
}

PatternRows StagedRows::rows() const {
  PatternRows rows;
  rows.ids = ids_;
  rows.patterns = {patterns_.data(), count_, dim_};
  if (value_dim_ > 0) rows.values = {values_.data(), count_, value_dim_};
  rows.payloads = payloads_;
  return rows;
}

absl::Status StagedRows::MakeRoom(int64_t count, int64_t payload_bytes) {
  ENGRAM_ASSIGN_OR_RETURN(Reservation payloads, Reserve(payload_bytes));
  const int64_t needed = count_ + count;
  if (needed > capacity_) {
    const int64_t row_bytes = (dim_ + value_dim_) * static_cast<int64_t>(sizeof(float)) + kBytesPerRow;
    // Half as much again, so that rows are seldom copied; if that is too much, what is needed. The whole of
    // it: what is here stays until it has been copied.
    int64_t capacity = std::max(needed, capacity_ + capacity_ / 2);
    absl::StatusOr<Reservation> room = Reserve(capacity * row_bytes);
    if (!room.ok()) {
      capacity = needed;
      room = Reserve(capacity * row_bytes);
    }
    ENGRAM_RETURN_IF_ERROR(room.status());
    Grow(capacity);
    room_ = *std::move(room);
  }
  payload_room_.push_back(std::move(payloads));
  return absl::OkStatus();
}

void StagedRows::Grow(int64_t capacity) {
  capacity_ = capacity;
  patterns_.reserve(capacity * dim_);
  values_.reserve(capacity * value_dim_);
  if (!ids_.empty()) {
    ids_.reserve(capacity);
    distinct_ids_.reserve(capacity);
  }
  if (!payloads_.empty()) payloads_.reserve(capacity);
}

absl::StatusOr<Reservation> StagedRows::Reserve(int64_t bytes) {
  return budget_->Reserve(bytes, "rows of an atomic upload");
}

}  // namespace engram
