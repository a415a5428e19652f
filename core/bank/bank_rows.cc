#include "core/bank/bank_rows.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <string>
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

// Of memory for rows.
std::string Purpose(int64_t rows, const BankSettings& settings) {
  return absl::StrCat(rows, " patterns of bank '", settings.name, "'");
}

// Whole tiles.
int64_t SegmentCapacity(int64_t rows_so_far, int64_t rows_needed, int64_t row_bytes) {
  const int64_t largest = std::clamp(kSegmentBytes / row_bytes, int64_t{1}, kMaxSegmentRows);
  const int64_t rows =
      std::clamp(std::max(rows_so_far, rows_needed), std::min(kMinSegmentRows, largest), largest);
  return (rows + kTileRows - 1) / kTileRows * kTileRows;
}

}  // namespace

BankRows::BankRows(std::shared_ptr<const BankSettings> settings, const BankMemory& memory)
    : settings_(std::move(settings)), memory_(memory), layout_id_(NewLayoutId()) {}

int64_t BankRows::row_count() const {
  return std::accumulate(segment_rows_.begin(), segment_rows_.end(), int64_t{0});
}

double BankRows::LargestNorm() {
  double largest = 0;
  for (size_t s = 0; s < segments_.size(); ++s) {
    double& of_segment = living_[s].largest_norm;
    if (of_segment == kStale) {
      of_segment = 0;
      for (int64_t i = 0; i < segment_rows_[s]; ++i) {
        if (segments_[s]->died(i) != Segment::kAlive) continue;
        of_segment = std::max(of_segment, segments_[s]->norm(i));
      }
    }
    largest = std::max(largest, of_segment);
  }
  return largest;
}

int64_t BankRows::living_payload_bytes() const {
  int64_t bytes = 0;
  for (const Living& living : living_) bytes += living.payload_bytes;
  return bytes;
}

int64_t BankRows::dead_bytes() const {
  return (row_count() - living_count_) * BytesPerRow(*settings_) + payload_bytes_ - living_payload_bytes();
}

int64_t BankRows::living_bytes() const {
  return living_count_ * BytesPerRow(*settings_) + living_payload_bytes();
}

int64_t BankRows::Room() const {
  int64_t room = 0;
  for (size_t s = open_; s < segments_.size(); ++s) room += segments_[s]->capacity() - segment_rows_[s];
  return room;
}

absl::Status BankRows::MakeRoom(int64_t count) {
  std::vector<int64_t> capacities;
  int64_t room = Room();
  int64_t total = row_count();
  int64_t more = 0;
  int64_t bytes = 0;
  while (room + more < count) {
    const int64_t capacity = SegmentCapacity(total, count - room - more, BytesPerRow(*settings_));
    capacities.push_back(capacity);
    total += capacity;
    more += capacity;
    bytes += Segment::BytesFor(capacity, *settings_);
  }
  if (capacities.empty()) return absl::OkStatus();
  // All at once: a segment whose memory is not there must not be made and dropped again.
  ENGRAM_ASSIGN_OR_RETURN(Reservation reservation, memory_.budget->Reserve(bytes, Purpose(more, *settings_)));
  ENGRAM_ASSIGN_OR_RETURN(std::vector<std::unique_ptr<ResidentSegment>> residents,
                          ReserveOnDevice(capacities));
  for (size_t i = 0; i < capacities.size(); ++i) {
    if (residents[i] != nullptr) device_bytes_ += residents[i]->bytes();
    const int64_t segment_bytes = Segment::BytesFor(capacities[i], *settings_);
    segments_.push_back(std::make_shared<Segment>(capacities[i], *settings_, reservation.Take(segment_bytes),
                                                  std::move(residents[i])));
    segment_rows_.push_back(0);
    segment_norm_bounds_.push_back(0);
    living_.emplace_back();
  }
  memory_bytes_ += bytes;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::unique_ptr<ResidentSegment>>> BankRows::ReserveOnDevice(
    absl::Span<const int64_t> capacities) const {
  std::vector<std::unique_ptr<ResidentSegment>> residents(capacities.size());
  if (memory_.residency == nullptr) return residents;
  for (size_t i = 0; i < capacities.size(); ++i) {
    ENGRAM_ASSIGN_OR_RETURN(residents[i], memory_.residency->Reserve(capacities[i], *settings_,
                                                                     Purpose(capacities[i], *settings_)));
  }
  return residents;
}

MemoryLack BankRows::LackFor(int64_t count, int64_t payload_bytes) const {
  // Without what a segment costs beside its rows.
  const int64_t row_bytes =
      (Segment::BytesFor(2 * kTileRows, *settings_) - Segment::BytesFor(kTileRows, *settings_)) / kTileRows;
  const int64_t rows = std::max<int64_t>(count - Room(), 0);
  const int64_t free_bytes = memory_.budget->limit_bytes() - memory_.budget->used_bytes();
  MemoryLack lack;
  lack.host_bytes = std::max<int64_t>(rows * row_bytes + payload_bytes - free_bytes, 0);
  if (memory_.residency != nullptr) {
    lack.device_rows = std::max<int64_t>(rows - memory_.residency->FreeRows(*settings_), 0);
  }
  return lack;
}

bool BankRows::CouldMakeUpFor(const MemoryLack& lack) const {
  const int64_t dead_rows = row_count() - living_count_;
  return dead_bytes() >= std::max<int64_t>(lack.host_bytes, 1) && dead_rows >= lack.device_rows;
}

int64_t BankRows::PayloadBytes(absl::string_view payload) {
  return payload.empty() ? 0 : static_cast<int64_t>(payload.size()) + kAllocationOverhead;
}

absl::StatusOr<Reservation> BankRows::ReservePayloads(int64_t bytes) const {
  return memory_.budget->Reserve(bytes, absl::StrCat("payloads of bank '", settings_->name, "'"));
}

RowRef BankRows::Append(uint64_t id, int64_t born, absl::Span<const float> pattern,
                        absl::Span<const float> value, absl::string_view payload,
                        Reservation* payload_memory) {
  while (segment_rows_[open_] == segments_[open_]->capacity()) ++open_;
  const size_t s = open_;
  const int64_t i = segment_rows_[s]++;
  segments_[s]->Write(i, id, born, pattern, value, payload);
  const int64_t payload_bytes = PayloadBytes(payload);
  if (payload_bytes > 0) segments_[s]->AddReservation(payload_memory->Take(payload_bytes));
  memory_bytes_ += payload_bytes;
  payload_bytes_ += payload_bytes;
  segment_norm_bounds_[s] = std::max(segment_norm_bounds_[s], segments_[s]->norm(i));
  Living& living = living_[s];
  if (living.largest_norm != kStale) {
    living.largest_norm = std::max(living.largest_norm, segments_[s]->norm(i));
  }
  ++living.count;
  living.payload_bytes += payload_bytes;
  ++living_count_;
  return {static_cast<int32_t>(s), static_cast<int32_t>(i)};
}

// How many rows of a segment were copied is the segment's own knowledge: copies of this share it.
void BankRows::CopyToDevice() {
  if (memory_.residency == nullptr) return;
  for (size_t s = copied_; s < segments_.size() && segment_rows_[s] > 0; ++s) {
    segments_[s]->CopyToDevice(segment_rows_[s]);
  }
  copied_ = open_;
}

void BankRows::Kill(RowRef row, int64_t version) {
  Segment& segment = *segments_[row.segment];
  segment.MarkDied(row.index, version);
  Living& living = living_[row.segment];
  --living.count;
  living.payload_bytes -= PayloadBytes(segment.payload(row.index));
  --living_count_;
  // Looked for later: there may be many such rows, of equal norm.
  if (segment.norm(row.index) >= living.largest_norm) living.largest_norm = kStale;
}

bool BankRows::has_dead_segments() const {
  return std::any_of(living_.begin(), living_.end(), [](const Living& living) { return living.count == 0; });
}

BankRows::Compacted BankRows::DropDeadSegments() const {
  Compacted compacted{BankRows(settings_, memory_), {}};
  BankRows& rows = compacted.rows;
  compacted.index.reserve(living_count_);
  for (size_t s = 0; s < segments_.size(); ++s) {
    const auto new_place = static_cast<int32_t>(rows.segments_.size());
    if (living_[s].count == 0) continue;
    for (int64_t i = 0; i < segment_rows_[s]; ++i) {
      if (segments_[s]->died(i) != Segment::kAlive) continue;
      compacted.index[segments_[s]->id(i)] = {new_place, static_cast<int32_t>(i)};
    }
    rows.segments_.push_back(segments_[s]);
    rows.segment_rows_.push_back(segment_rows_[s]);
    rows.segment_norm_bounds_.push_back(segment_norm_bounds_[s]);
    rows.living_.push_back(living_[s]);
    rows.memory_bytes_ += segments_[s]->memory_bytes();
    const ResidentSegment* const resident = segments_[s]->resident();
    if (resident != nullptr) rows.device_bytes_ += resident->bytes();
    rows.payload_bytes_ +=
        segments_[s]->memory_bytes() - Segment::BytesFor(segments_[s]->capacity(), *settings_);
    rows.living_count_ += living_[s].count;
  }
  return compacted;
}

}  // namespace engram
