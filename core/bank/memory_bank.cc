#include "core/bank/memory_bank.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/column_sums.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

// Fewer dead bytes are not worth a compaction's copying.
constexpr int64_t kMinDeadBytes = 256 << 10;

absl::Status PatternNotFound(const std::string& bank, uint64_t id) {
  ErrorDetails details;
  details.reason = "PATTERN_NOT_FOUND";
  details.field = "ids";
  details.metadata = {{"bank", bank}, {"id", absl::StrCat(id)}};
  return MakeError(absl::StatusCode::kNotFound, details,
                   absl::StrCat("ids: bank '", bank, "' has no pattern with id ", id));
}

absl::Status LimitBelowCount(const BankSettings& asked, int64_t pattern_count) {
  ErrorDetails details;
  details.reason = "BANK_LIMIT_TOO_LOW";
  details.field = "limits.max_patterns";
  details.metadata = {{"asked", absl::StrCat(asked.max_patterns)},
                      {"allowed", absl::StrCat(pattern_count, " or more")}};
  return MakeError(absl::StatusCode::kFailedPrecondition, details,
                   absl::StrCat("limits.max_patterns: asked ", asked.max_patterns, ", bank '", asked.name,
                                "' has ", pattern_count, " patterns; delete some first"));
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
      journal_(journal),
      reservation_(std::move(reservation)),
      settings_(std::make_shared<const BankSettings>(std::move(settings))),
      rows_(settings_, budget),
      sums_(settings_->dim) {
  MutexLock writer(&writer_mutex_);
  MutexLock state(&state_mutex_);
  Publish(0);
}

std::shared_ptr<const BankSettings> MemoryBank::settings() const {
  MutexLock lock(&state_mutex_);
  return state_->settings;
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
    if (it == index_.end()) return PatternNotFound(state_->settings->name, id);
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
  PatternRows record = batch;
  record.ids = stored.ids;
  const auto replaced_count = static_cast<int64_t>(Present(stored.ids).size());
  ENGRAM_RETURN_IF_ERROR(CheckLimit(batch.patterns.rows() - replaced_count));
  // From here on rows are added to a copy, which is dropped if anything fails.
  absl::StatusOr<Room> room = FindRoom(batch);
  if (!room.ok() && rows_.dead_bytes() > 0) {
    Compact();
    room = FindRoom(batch);
  }
  ENGRAM_RETURN_IF_ERROR(room.status());
  const std::vector<RowRef> replaced = Present(stored.ids);
  stored.version = Pin().version() + 1;
  const uint64_t next_id = std::max(next_id_, *std::max_element(stored.ids.begin(), stored.ids.end()) + 1);
  const int64_t more = batch.patterns.rows() - replaced_count;
  ENGRAM_RETURN_IF_ERROR(journal_->ChangePatterns(bank_id_, *settings_, {PatternChange{record, {}}},
                                                  {stored.version, rows_.living_count() + more, next_id}));

  const std::vector<RowRef> added = Append(record, stored.version, &room->rows);
  room->rows.AddPayloadMemory(std::move(room->payload_memory));
  rows_ = std::move(room->rows);
  for (const RowRef row : replaced) Kill(row, stored.version);
  next_id_ = next_id;
  {
    MutexLock state(&state_mutex_);
    for (size_t i = 0; i < added.size(); ++i) index_[stored.ids[i]] = added[i];
    Publish(stored.version);
  }
  CompactIfWorthwhile();
  return stored;
}

absl::StatusOr<MemoryBank::Room> MemoryBank::FindRoom(const PatternRows& batch) const {
  BankRows rows = rows_;
  ENGRAM_RETURN_IF_ERROR(rows.MakeRoom(batch.patterns.rows()));
  ENGRAM_ASSIGN_OR_RETURN(Reservation payload_memory, rows.ReservePayloads(batch.payloads));
  return Room{std::move(rows), std::move(payload_memory)};
}

std::vector<RowRef> MemoryBank::Append(const PatternRows& batch, int64_t version, BankRows* rows) {
  std::vector<RowRef> added;
  added.reserve(batch.ids.size());
  for (size_t i = 0; i < batch.ids.size(); ++i) {
    const absl::Span<const float> pattern = batch.patterns.row(i);
    const auto value = settings_->value_dim > 0 ? batch.values.row(i) : absl::Span<const float>();
    const auto payload = batch.payloads.empty() ? absl::string_view() : absl::string_view(batch.payloads[i]);
    added.push_back(rows->Append(batch.ids[i], version, pattern, value, payload));
  }
  AddToColumnSums(batch.patterns, absl::MakeSpan(sums_));
  return added;
}

absl::Status MemoryBank::CheckLimit(int64_t more) const {
  const int64_t asked = rows_.living_count() + more;
  if (settings_->max_patterns == 0 || asked <= settings_->max_patterns) return absl::OkStatus();
  ErrorDetails details;
  details.reason = "BANK_LIMIT";
  details.field = "patterns.rows";
  details.metadata = {{"asked", absl::StrCat(asked)},
                      {"free", absl::StrCat(settings_->max_patterns - rows_.living_count())},
                      {"limit", absl::StrCat(settings_->max_patterns)}};
  return MakeError(absl::StatusCode::kResourceExhausted, details,
                   absl::StrCat("patterns.rows: bank '", settings_->name, "' would have ", asked,
                                " patterns, its limit is ", settings_->max_patterns));
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
  const int64_t left = rows_.living_count() - static_cast<int64_t>(present.size());
  ENGRAM_RETURN_IF_ERROR(journal_->ChangePatterns(bank_id_, *settings_, {PatternChange{{}, present}},
                                                  {version, left, next_id_}));
  for (const RowRef row : killed) Kill(row, version);
  {
    MutexLock state(&state_mutex_);
    for (const uint64_t id : present) index_.erase(id);
    Publish(version);
  }
  CompactIfWorthwhile();
  return Deleted{static_cast<int64_t>(present.size()), version};
}

absl::StatusOr<bool> MemoryBank::Update(const std::shared_ptr<const BankSettings>& expected,
                                        BankSettings settings) {
  MutexLock writer(&writer_mutex_);
  ENGRAM_RETURN_IF_ERROR(CheckOpen());
  if (settings_ != expected) return false;
  if (settings.max_patterns > 0 && settings.max_patterns < rows_.living_count()) {
    return LimitBelowCount(settings, rows_.living_count());
  }
  ENGRAM_RETURN_IF_ERROR(journal_->UpdateBank(bank_id_, settings));
  settings_ = std::make_shared<const BankSettings>(std::move(settings));
  MutexLock state(&state_mutex_);
  Publish(state_->version);
  return true;
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

void MemoryBank::Kill(RowRef row, int64_t version) {
  rows_.Kill(row, version);
  const absl::Span<const float> pattern = rows_.segments()[row.segment]->pattern(row.index);
  for (int64_t j = 0; j < settings_->dim; ++j) sums_[j].Subtract(pattern[j]);
}

void MemoryBank::Publish(int64_t version) {
  auto state = std::make_shared<BankSnapshot::State>();
  state->settings = settings_;
  state->layout_id = rows_.layout_id();
  state->version = version;
  state->pattern_count = rows_.living_count();
  state->largest_norm = rows_.LargestNorm();
  state->mean.resize(settings_->dim);
  if (rows_.living_count() > 0) {
    for (int64_t j = 0; j < settings_->dim; ++j) {
      state->mean[j] = sums_[j].ToDouble() / static_cast<double>(rows_.living_count());
    }
  }
  state->segments = rows_.segments();
  state->segment_rows = rows_.segment_rows();
  state->segment_norm_bounds = rows_.segment_norm_bounds();
  state_ = std::move(state);
  memory_bytes_ = reservation_.bytes() + rows_.memory_bytes();
}

void MemoryBank::CompactIfWorthwhile() {
  // Where memory is too short to drop them all, the next try waits for as many again.
  const int64_t enough = std::max({kMinDeadBytes, rows_.living_bytes(), 2 * dead_bytes_kept_});
  if (rows_.dead_bytes() >= enough) Compact();
}

void MemoryBank::Compact() {
  BankRows::Compacted compacted = rows_.Compact();
  rows_ = std::move(compacted.rows);
  dead_bytes_kept_ = rows_.dead_bytes();
  MutexLock state(&state_mutex_);
  index_ = std::move(compacted.index);
  Publish(state_->version);
}

}  // namespace engram
