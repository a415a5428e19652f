#include "core/bank/bank_rows.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

// Segments double a bank until they reach this size: small enough that the last one wastes little, large
// enough that a sweep runs long between them.
constexpr int64_t kSegmentBytes = int64_t{16} << 20;
constexpr int64_t kMinSegmentRows = 64;

// Bytes of a payload's allocation beyond its own.
constexpr int64_t kAllocationOverhead = 16;

uint64_t NewLayoutId() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1);
}

int64_t SegmentCapacity(int64_t rows_so_far, int64_t rows_needed, int64_t dim) {
  const int64_t largest =
      std::max(kMinSegmentRows, kSegmentBytes / (dim * static_cast<int64_t>(sizeof(float))));
  return std::clamp(std::max(rows_so_far, rows_needed), kMinSegmentRows, largest);
}

}  // namespace

BankRows::BankRows(std::shared_ptr<const BankSettings> settings, MemoryBudget* budget)
    : settings_(std::move(settings)), budget_(budget), layout_id_(NewLayoutId()) {}

int64_t BankRows::row_count() const {
  return std::accumulate(segment_rows_.begin(), segment_rows_.end(), int64_t{0});
}

double BankRows::LargestNorm() const {
  return segment_largest_.empty() ? 0 : *std::max_element(segment_largest_.begin(), segment_largest_.end());
}

absl::Status BankRows::MakeRoom(int64_t count) {
  int64_t total = row_count();
  int64_t room = segments_.empty() ? 0 : segments_.back()->capacity() - segment_rows_.back();
  while (room < count) {
    const int64_t capacity = SegmentCapacity(total, count - room, settings_->dim);
    const int64_t bytes = Segment::BytesFor(capacity, settings_->dim, settings_->value_dim);
    ENGRAM_ASSIGN_OR_RETURN(
        Reservation reservation,
        budget_->Reserve(bytes, absl::StrCat(capacity, " patterns of bank '", settings_->name, "'")));
    segments_.push_back(
        std::make_shared<Segment>(capacity, settings_->dim, settings_->value_dim, std::move(reservation)));
    segment_rows_.push_back(0);
    segment_norm_bounds_.push_back(0);
    segment_largest_.push_back(0);
    memory_bytes_ += bytes;
    room += capacity;
    total += capacity;
  }
  return absl::OkStatus();
}

absl::StatusOr<Reservation> BankRows::ReservePayloads(absl::Span<const std::string> payloads) const {
  int64_t bytes = 0;
  for (const std::string& payload : payloads) {
    if (!payload.empty()) bytes += static_cast<int64_t>(payload.size()) + kAllocationOverhead;
  }
  return budget_->Reserve(bytes, absl::StrCat("payloads of bank '", settings_->name, "'"));
}

void BankRows::AddPayloadMemory(Reservation reservation) {
  memory_bytes_ += reservation.bytes();
  segments_.back()->AddReservation(std::move(reservation));
}

RowRef BankRows::Append(uint64_t id, int64_t born, absl::Span<const float> pattern,
                        absl::Span<const float> value, absl::string_view payload) {
  // The first segment with room; all before it are full, all after it empty.
  size_t s = segments_.size() - 1;
  while (s > 0 && segment_rows_[s - 1] < segments_[s - 1]->capacity()) --s;
  const int64_t i = segment_rows_[s]++;
  segments_[s]->Write(i, id, born, pattern, value, payload);
  segment_norm_bounds_[s] = std::max(segment_norm_bounds_[s], segments_[s]->norm(i));
  segment_largest_[s] = std::max(segment_largest_[s], segments_[s]->norm(i));
  ++living_count_;
  return {static_cast<int32_t>(s), static_cast<int32_t>(i)};
}

void BankRows::Kill(RowRef row, int64_t version) {
  Segment& segment = *segments_[row.segment];
  segment.MarkDied(row.index, version);
  --living_count_;
  double& largest = segment_largest_[row.segment];
  if (segment.norm(row.index) < largest) return;
  largest = 0;
  for (int64_t i = 0; i < segment_rows_[row.segment]; ++i) {
    if (segment.died(i) == Segment::kAlive) largest = std::max(largest, segment.norm(i));
  }
}

}  // namespace engram
