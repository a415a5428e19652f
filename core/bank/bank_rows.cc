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
constexpr int64_t kMaxSegmentRows = 64 << 10;

// A largest norm that must be looked for again.
constexpr double kStale = -1;

// Bytes of a payload's allocation beyond its own.
constexpr int64_t kAllocationOverhead = 16;

uint64_t NewLayoutId() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1);
}

int64_t BytesPerRow(const BankSettings& settings) {
  return Segment::BytesFor(kTileRows, settings) / kTileRows;
}

// Whole tiles.
int64_t SegmentCapacity(int64_t rows_so_far, int64_t rows_needed, int64_t row_bytes) {
  const int64_t largest = std::clamp(kSegmentBytes / row_bytes, int64_t{1}, kMaxSegmentRows);
  const int64_t rows =
      std::clamp(std::max(rows_so_far, rows_needed), std::min(kMinSegmentRows, largest), largest);
  return (rows + kTileRows - 1) / kTileRows * kTileRows;
}

}  // namespace

BankRows::BankRows(std::shared_ptr<const BankSettings> settings, MemoryBudget* budget)
    : settings_(std::move(settings)), budget_(budget), layout_id_(NewLayoutId()) {}

int64_t BankRows::row_count() const {
  return std::accumulate(segment_rows_.begin(), segment_rows_.end(), int64_t{0});
}

double BankRows::LargestNorm() {
  double largest = 0;
  for (size_t s = 0; s < segments_.size(); ++s) {
    if (segment_largest_[s] == kStale) {
      segment_largest_[s] = 0;
      for (int64_t i = 0; i < segment_rows_[s]; ++i) {
        if (segments_[s]->died(i) != Segment::kAlive) continue;
        segment_largest_[s] = std::max(segment_largest_[s], segments_[s]->norm(i));
      }
    }
    largest = std::max(largest, segment_largest_[s]);
  }
  return largest;
}

int64_t BankRows::dead_bytes() const { return (row_count() - living_count_) * BytesPerRow(*settings_); }

int64_t BankRows::living_bytes() const { return living_count_ * BytesPerRow(*settings_); }

absl::Status BankRows::MakeRoom(int64_t count) {
  int64_t total = row_count();
  int64_t room = segments_.empty() ? 0 : segments_.back()->capacity() - segment_rows_.back();
  while (room < count) {
    const int64_t capacity = SegmentCapacity(total, count - room, BytesPerRow(*settings_));
    const int64_t bytes = Segment::BytesFor(capacity, *settings_);
    ENGRAM_ASSIGN_OR_RETURN(
        Reservation reservation,
        budget_->Reserve(bytes, absl::StrCat(capacity, " patterns of bank '", settings_->name, "'")));
    segments_.push_back(std::make_shared<Segment>(capacity, *settings_, std::move(reservation)));
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
  if (segment_largest_[s] != kStale) {
    segment_largest_[s] = std::max(segment_largest_[s], segments_[s]->norm(i));
  }
  ++living_count_;
  return {static_cast<int32_t>(s), static_cast<int32_t>(i)};
}

void BankRows::Kill(RowRef row, int64_t version) {
  Segment& segment = *segments_[row.segment];
  segment.MarkDied(row.index, version);
  --living_count_;
  // Looked for later: there may be many such rows, of equal norm.
  if (segment.norm(row.index) >= segment_largest_[row.segment]) segment_largest_[row.segment] = kStale;
}

template <typename Visit>
void BankRows::ForEachLiving(const Visit& visit) const {
  for (size_t s = 0; s < segments_.size(); ++s) {
    for (int64_t i = 0; i < segment_rows_[s]; ++i) {
      if (segments_[s]->died(i) == Segment::kAlive) visit(s, i);
    }
  }
}

BankRows::Compacted BankRows::Compact() const {
  absl::StatusOr<Compacted> copied = CopyLiving();
  return copied.ok() ? *std::move(copied) : DropDeadSegments();
}

absl::StatusOr<BankRows::Compacted> BankRows::CopyLiving() const {
  Compacted compacted{BankRows(settings_, budget_), {}};
  ENGRAM_RETURN_IF_ERROR(compacted.rows.MakeRoom(living_count_));
  std::vector<std::string> payloads;
  ForEachLiving([&](size_t s, int64_t i) {
    const absl::string_view payload = segments_[s]->payload(i);
    if (!payload.empty()) payloads.emplace_back(payload);
  });
  ENGRAM_ASSIGN_OR_RETURN(Reservation payload_memory, compacted.rows.ReservePayloads(payloads));
  ForEachLiving([&](size_t s, int64_t i) {
    const Segment& segment = *segments_[s];
    compacted.index[segment.id(i)] = compacted.rows.Append(segment.id(i), segment.born(i), segment.pattern(i),
                                                           segment.value(i), segment.payload(i));
  });
  if (living_count_ > 0) compacted.rows.AddPayloadMemory(std::move(payload_memory));
  return compacted;
}

BankRows::Compacted BankRows::DropDeadSegments() const {
  Compacted compacted{BankRows(settings_, budget_), {}};
  BankRows& rows = compacted.rows;
  std::vector<int32_t> new_places(segments_.size(), -1);
  ForEachLiving([&](size_t s, int64_t i) {
    if (new_places[s] < 0) {
      new_places[s] = static_cast<int32_t>(rows.segments_.size());
      rows.segments_.push_back(segments_[s]);
      rows.segment_rows_.push_back(segment_rows_[s]);
      rows.segment_norm_bounds_.push_back(segment_norm_bounds_[s]);
      rows.segment_largest_.push_back(kStale);
      rows.memory_bytes_ += segments_[s]->memory_bytes();
    }
    ++rows.living_count_;
    compacted.index[segments_[s]->id(i)] = {new_places[s], static_cast<int32_t>(i)};
  });
  return compacted;
}

}  // namespace engram
