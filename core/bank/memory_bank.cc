#include "core/bank/memory_bank.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

// Segments double a bank until they reach this size: small enough that the last one wastes little, large
// enough that a sweep runs long between them.
constexpr int64_t kSegmentBytes = int64_t{16} << 20;
constexpr int64_t kMinSegmentRows = 64;

// Below this many dead rows a compaction is not worth its copying.
constexpr int64_t kMinDeadRows = 4096;

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

absl::Status PatternNotFound(const std::string& bank, uint64_t id) {
  ErrorDetails details;
  details.reason = "PATTERN_NOT_FOUND";
  details.field = "ids";
  details.metadata = {{"bank", bank}, {"id", absl::StrCat(id)}};
  return MakeError(absl::StatusCode::kNotFound, details,
                   absl::StrCat("ids: bank '", bank, "' has no pattern with id ", id));
}

int64_t BytesWithoutRows(const BankSettings& settings) {
  return static_cast<int64_t>(sizeof(MemoryBank)) +
         settings.dim * static_cast<int64_t>(sizeof(ExactSum) + sizeof(double));
}

}  // namespace

absl::StatusOr<std::shared_ptr<MemoryBank>> MemoryBank::Make(int64_t bank_id, BankSettings settings,
                                                             MemoryBudget* budget, Journal* journal) {
  ENGRAM_ASSIGN_OR_RETURN(
      Reservation reservation,
      budget->Reserve(BytesWithoutRows(settings), absl::StrCat("bank '", settings.name, "'")));
  return std::shared_ptr<MemoryBank>(
      new MemoryBank(bank_id, std::move(settings), budget, journal, std::move(reservation)));
}

MemoryBank::MemoryBank(int64_t bank_id, BankSettings settings, MemoryBudget* budget, Journal* journal,
                       Reservation reservation)
    : bank_id_(bank_id),
      settings_(std::make_shared<const BankSettings>(std::move(settings))),
      budget_(budget),
      journal_(journal),
      reservation_(std::move(reservation)),
      sums_(settings_->dim) {
  MutexLock writer(&writer_mutex_);
  MutexLock state(&state_mutex_);
  rows_.layout_id = NewLayoutId();
  rows_.memory_bytes = reservation_.bytes();
  Publish(0);
}

BankSnapshot MemoryBank::Pin() const {
  MutexLock lock(&state_mutex_);
  return BankSnapshot(state_);
}

int64_t MemoryBank::memory_bytes() const {
  MutexLock lock(&state_mutex_);
  return memory_bytes_;
}

void MemoryBank::Close() {
  MutexLock lock(&writer_mutex_);
  closed_ = true;
}

absl::StatusOr<MemoryBank::FoundPatterns> MemoryBank::Find(absl::Span<const uint64_t> ids) const {
  MutexLock lock(&state_mutex_);
  FoundPatterns found{BankSnapshot(state_), {}};
  found.rows.reserve(ids.size());
  for (const uint64_t id : ids) {
    const auto it = index_.find(id);
    if (it == index_.end()) return PatternNotFound(settings_->name, id);
    found.rows.push_back(it->second);
  }
  return found;
}

absl::StatusOr<MemoryBank::Stored> MemoryBank::Store(const PatternRows& batch) {
  MutexLock writer(&writer_mutex_);
  ENGRAM_RETURN_IF_ERROR(CheckOpen());
  Stored stored;
  if (batch.ids.empty()) {
    ENGRAM_ASSIGN_OR_RETURN(stored.ids, AssignIds(batch.patterns.rows()));
  } else {
    stored.ids.assign(batch.ids.begin(), batch.ids.end());
  }
  const std::vector<RowRef> replaced = Present(stored.ids);
  const auto count = static_cast<int64_t>(stored.ids.size());
  const int64_t new_pattern_count = rows_.pattern_count + count - static_cast<int64_t>(replaced.size());
  if (settings_->max_patterns > 0 && new_pattern_count > settings_->max_patterns) {
    ErrorDetails details;
    details.reason = "BANK_LIMIT";
    details.field = "patterns.rows";
    details.metadata = {{"asked", absl::StrCat(new_pattern_count)},
                        {"free", absl::StrCat(settings_->max_patterns - rows_.pattern_count)},
                        {"limit", absl::StrCat(settings_->max_patterns)}};
    return MakeError(absl::StatusCode::kResourceExhausted, details,
                     absl::StrCat("patterns.rows: bank '", settings_->name, "' would have ",
                                  new_pattern_count, " patterns, its limit is ", settings_->max_patterns));
  }
  // From here on the new rows are written to a copy of rows_, which is dropped if anything fails.
  Rows rows = rows_;
  ENGRAM_RETURN_IF_ERROR(Grow(count, &rows));
  ENGRAM_ASSIGN_OR_RETURN(Reservation payload_memory, ReservePayloads(batch.payloads));
  stored.version = Pin().version() + 1;
  PatternRows record = batch;
  record.ids = stored.ids;
  ENGRAM_RETURN_IF_ERROR(journal_->StorePatterns(bank_id_, stored.version, record));

  std::vector<RowRef> added(count);
  for (int64_t i = 0; i < count; ++i) {
    added[i] =
        Append(stored.ids[i], stored.version, batch.patterns.row(i),
               settings_->value_dim > 0 ? batch.values.row(i) : absl::Span<const float>(),
               batch.payloads.empty() ? absl::string_view() : absl::string_view(batch.payloads[i]), &rows);
    for (int64_t j = 0; j < settings_->dim; ++j) sums_[j].Add(batch.patterns.row(i)[j]);
  }
  rows.pattern_count += count;
  rows.memory_bytes += payload_memory.bytes();
  rows.segments.back()->AddReservation(std::move(payload_memory));
  rows_ = std::move(rows);
  for (const RowRef row : replaced) Kill(row, stored.version);
  next_id_ = std::max(next_id_, *std::max_element(stored.ids.begin(), stored.ids.end()) + 1);
  {
    MutexLock state(&state_mutex_);
    for (int64_t i = 0; i < count; ++i) index_[stored.ids[i]] = added[i];
    Publish(stored.version);
  }
  CompactIfWorthwhile();
  return stored;
}

absl::StatusOr<MemoryBank::Deleted> MemoryBank::Delete(absl::Span<const uint64_t> ids, bool allow_missing) {
  MutexLock writer(&writer_mutex_);
  ENGRAM_RETURN_IF_ERROR(CheckOpen());
  std::vector<uint64_t> present;
  std::vector<RowRef> killed;
  int64_t version = 0;
  {
    MutexLock state(&state_mutex_);
    version = state_->version;
    for (const uint64_t id : ids) {
      const auto it = index_.find(id);
      if (it != index_.end()) {
        present.push_back(id);
        killed.push_back(it->second);
      } else if (!allow_missing) {
        return PatternNotFound(settings_->name, id);
      }
    }
  }
  if (present.empty()) return Deleted{0, version};
  ++version;
  ENGRAM_RETURN_IF_ERROR(journal_->DeletePatterns(bank_id_, version, present));
  for (const RowRef row : killed) Kill(row, version);
  {
    MutexLock state(&state_mutex_);
    for (const uint64_t id : present) index_.erase(id);
    Publish(version);
  }
  CompactIfWorthwhile();
  return Deleted{static_cast<int64_t>(present.size()), version};
}

absl::Status MemoryBank::CheckOpen() const {
  if (!closed_) return absl::OkStatus();
  ErrorDetails details;
  details.reason = "BANK_NOT_FOUND";
  details.metadata = {{"bank", settings_->name}};
  return MakeError(absl::StatusCode::kNotFound, details,
                   absl::StrCat("bank '", settings_->name, "' was deleted"));
}

absl::StatusOr<std::vector<uint64_t>> MemoryBank::AssignIds(int64_t count) const {
  if (kIdLimit - next_id_ < static_cast<uint64_t>(count)) {
    ErrorDetails details;
    details.reason = "IDS_USED_UP";
    details.field = "ids";
    return MakeError(absl::StatusCode::kResourceExhausted, details,
                     absl::StrCat("ids: the server can assign ", kIdLimit - next_id_, " more ids to bank '",
                                  settings_->name, "', asked ", count, "; give ids"));
  }
  std::vector<uint64_t> ids(count);
  std::iota(ids.begin(), ids.end(), next_id_);
  return ids;
}

std::vector<RowRef> MemoryBank::Present(absl::Span<const uint64_t> ids) const {
  MutexLock lock(&state_mutex_);
  std::vector<RowRef> rows;
  for (const uint64_t id : ids) {
    if (const auto it = index_.find(id); it != index_.end()) rows.push_back(it->second);
  }
  return rows;
}

absl::Status MemoryBank::Grow(int64_t count, Rows* rows) const {
  int64_t total = std::accumulate(rows->segment_rows.begin(), rows->segment_rows.end(), int64_t{0});
  int64_t room = rows->segments.empty() ? 0 : rows->segments.back()->capacity() - rows->segment_rows.back();
  while (room < count) {
    const int64_t capacity = SegmentCapacity(total, count - room, settings_->dim);
    const int64_t bytes = Segment::BytesFor(capacity, settings_->dim, settings_->value_dim);
    ENGRAM_ASSIGN_OR_RETURN(
        Reservation reservation,
        budget_->Reserve(bytes, absl::StrCat(capacity, " patterns of bank '", settings_->name, "'")));
    rows->segments.push_back(
        std::make_shared<Segment>(capacity, settings_->dim, settings_->value_dim, std::move(reservation)));
    rows->segment_rows.push_back(0);
    rows->segment_largest.push_back(0);
    rows->memory_bytes += bytes;
    room += capacity;
    total += capacity;
  }
  return absl::OkStatus();
}

absl::StatusOr<Reservation> MemoryBank::ReservePayloads(absl::Span<const std::string> payloads) const {
  int64_t bytes = 0;
  for (const std::string& payload : payloads) {
    if (!payload.empty()) bytes += static_cast<int64_t>(payload.size()) + kAllocationOverhead;
  }
  return budget_->Reserve(bytes, absl::StrCat("payloads of bank '", settings_->name, "'"));
}

RowRef MemoryBank::Append(uint64_t id, int64_t born, absl::Span<const float> pattern,
                          absl::Span<const float> value, absl::string_view payload, Rows* rows) const {
  size_t s = 0;
  // Only the last segments have room: the first that has takes the row.
  for (s = rows->segments.size() - 1; s > 0; --s) {
    if (rows->segment_rows[s - 1] == rows->segments[s - 1]->capacity()) break;
  }
  const int64_t i = rows->segment_rows[s]++;
  rows->segments[s]->Write(i, id, born, pattern, value, payload);
  rows->segment_largest[s] = std::max(rows->segment_largest[s], rows->segments[s]->norm(i));
  return {static_cast<int32_t>(s), static_cast<int32_t>(i)};
}

void MemoryBank::Kill(RowRef row, int64_t version) {
  Segment& segment = *rows_.segments[row.segment];
  segment.MarkDied(row.index, version);
  --rows_.pattern_count;
  const absl::Span<const float> pattern = segment.pattern(row.index);
  for (int64_t j = 0; j < settings_->dim; ++j) sums_[j].Subtract(pattern[j]);
  double& largest = rows_.segment_largest[row.segment];
  if (segment.norm(row.index) < largest) return;
  largest = 0;
  for (int64_t i = 0; i < rows_.segment_rows[row.segment]; ++i) {
    if (segment.died(i) == Segment::kAlive) largest = std::max(largest, segment.norm(i));
  }
}

void MemoryBank::Publish(int64_t version) {
  auto state = std::make_shared<BankSnapshot::State>();
  state->settings = settings_;
  state->layout_id = rows_.layout_id;
  state->version = version;
  state->pattern_count = rows_.pattern_count;
  for (const double norm : rows_.segment_largest) state->largest_norm = std::max(state->largest_norm, norm);
  state->mean.resize(settings_->dim);
  if (rows_.pattern_count > 0) {
    for (int64_t j = 0; j < settings_->dim; ++j) {
      state->mean[j] = sums_[j].ToDouble() / static_cast<double>(rows_.pattern_count);
    }
  }
  state->segments = rows_.segments;
  state->segment_rows = rows_.segment_rows;
  state_ = std::move(state);
  memory_bytes_ = rows_.memory_bytes;
}

void MemoryBank::CompactIfWorthwhile() {
  const int64_t row_count = std::accumulate(rows_.segment_rows.begin(), rows_.segment_rows.end(), int64_t{0});
  const int64_t dead = row_count - rows_.pattern_count;
  if (dead < std::max(kMinDeadRows, rows_.pattern_count)) return;
  Rows rows;
  rows.layout_id = NewLayoutId();
  rows.memory_bytes = reservation_.bytes();
  // Without room for a second copy the dead rows stay until there is.
  if (rows_.pattern_count > 0 && !Grow(rows_.pattern_count, &rows).ok()) return;
  Index index;
  for (size_t s = 0; s < rows_.segments.size(); ++s) {
    const Segment& segment = *rows_.segments[s];
    for (int64_t i = 0; i < rows_.segment_rows[s]; ++i) {
      if (segment.died(i) != Segment::kAlive) continue;
      const std::string payload(segment.payload(i));
      absl::StatusOr<Reservation> payload_memory = ReservePayloads(absl::MakeConstSpan(&payload, 1));
      if (!payload_memory.ok()) return;
      index[segment.id(i)] =
          Append(segment.id(i), segment.born(i), segment.pattern(i), segment.value(i), payload, &rows);
      rows.memory_bytes += payload_memory->bytes();
      rows.segments.back()->AddReservation(*std::move(payload_memory));
    }
  }
  rows.pattern_count = rows_.pattern_count;
  rows_ = std::move(rows);
  MutexLock state(&state_mutex_);
  index_ = std::move(index);
  Publish(state_->version);
}

}  // namespace engram
