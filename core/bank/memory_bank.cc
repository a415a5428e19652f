#include "core/bank/memory_bank.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/bank/bank_errors.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

// Writes that the journal may get at once: more than wait in practice.
constexpr size_t kMaxGroup = 256;

// A Store that finds no memory has the bank compacted and tries again. Others may take what it has freed; so
// again, but not for ever.
constexpr int kMaxCompactionsOfAStore = 3;

}  // namespace

absl::StatusOr<std::shared_ptr<MemoryBank>> MemoryBank::Make(int64_t bank_id, BankSettings settings,
                                                             const Parts& parts) {
  ENGRAM_ASSIGN_OR_RETURN(Reservation reservation, ReserveWithoutRows(settings, parts.memory.budget));
  const auto shared_settings = std::make_shared<const BankSettings>(std::move(settings));
  return std::shared_ptr<MemoryBank>(new MemoryBank(bank_id, shared_settings,
                                                    BankContents(shared_settings, parts.memory), {},
                                                    std::move(reservation), parts));
}

absl::StatusOr<std::shared_ptr<MemoryBank>> MemoryBank::Make(int64_t bank_id, BankSettings settings,
                                                             MemoryBudget* budget, Journal* journal) {
  return Make(bank_id, std::move(settings), Parts{{budget}, journal, nullptr});
}

absl::StatusOr<Reservation> MemoryBank::ReserveWithoutRows(const BankSettings& settings,
                                                           MemoryBudget* budget) {
  return budget->Reserve(static_cast<int64_t>(sizeof(MemoryBank)) + BankContents::BytesWithoutRows(settings),
                         absl::StrCat("bank '", settings.name, "'"));
}

MemoryBank::MemoryBank(int64_t bank_id, std::shared_ptr<const BankSettings> settings, BankContents contents,
                       RowIndex index, Reservation reservation, const Parts& parts)
    : bank_id_(bank_id),
      parts_(parts),
      reservation_(std::move(reservation)),
      queue_(kMaxGroup, [this](absl::Span<BankWrite* const> writes) { return Lead(writes); }),
      settings_(std::move(settings)),
      contents_(std::move(contents)),
      published_(contents_.MakeState(settings_), std::move(index)) {
  MutexLock writer(&writer_mutex_);
  UpdateMemoryBytes();
}

absl::StatusOr<MemoryBank::Stored> MemoryBank::Store(const PatternRows& rows) {
  BankWrite write;
  for (int compactions = 0;; ++compactions) {
    write = BankWrite();
    write.batch = &rows;
    const int64_t dropped_layouts = dropped_layouts_.load();
    queue_.Run(&write);
    if (!write.is_short_of_memory || compactions == kMaxCompactionsOfAStore) break;
    CompactIfWorthwhile(write.lack,
                        [this] { return parts_.compactor != nullptr && parts_.compactor->stopping(); });
    if (dropped_layouts_.load() == dropped_layouts) break;  // Nothing was dropped, here or by another.
  }
  ENGRAM_RETURN_IF_ERROR(write.status);
  return Stored{std::move(write.ids), write.version};
}

absl::StatusOr<MemoryBank::Deleted> MemoryBank::Delete(absl::Span<const uint64_t> ids, bool allow_missing) {
  BankWrite write;
  write.delete_ids = ids;
  write.allow_missing = allow_missing;
  queue_.Run(&write);
  ENGRAM_RETURN_IF_ERROR(write.status);
  return Deleted{static_cast<int64_t>(write.ids.size()), write.version};
}

absl::StatusOr<bool> MemoryBank::Update(const std::shared_ptr<const BankSettings>& expected,
                                        BankSettings settings) {
  absl::StatusOr<bool> updated = false;
  InTurn([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_) {
    updated = UpdateNow(expected, std::move(settings));
  });
  return updated;
}

absl::StatusOr<bool> MemoryBank::UpdateNow(const std::shared_ptr<const BankSettings>& expected,
                                           BankSettings settings) {
  ENGRAM_RETURN_IF_ERROR(CheckOpen());
  if (settings_ != expected) return false;
  const int64_t pattern_count = contents_.counts().pattern_count;
  if (settings.max_patterns > 0 && settings.max_patterns < pattern_count) {
    return LimitBelowCount(settings, pattern_count);
  }
  ENGRAM_RETURN_IF_ERROR(parts_.journal->UpdateBank(bank_id_, settings));
  settings_ = std::make_shared<const BankSettings>(std::move(settings));
  const PublishedVersion::State old = published_.Publish(contents_.MakeState(settings_), {}, {});
  return true;
}

absl::Status MemoryBank::Close() {
  absl::Status status;
  InTurn([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_) {
    status = CheckOpen();
    if (status.ok()) status = parts_.journal->DeleteBank(bank_id_);
    if (status.ok()) closed_ = true;
  });
  return status;
}

void MemoryBank::InTurn(const std::function<void()>& task) {
  BankWrite write;
  write.task = task;
  queue_.Run(&write);
}

size_t MemoryBank::Lead(absl::Span<BankWrite* const> writes) {
  MutexLock writer(&writer_mutex_);
  if (writes[0]->task) {
    writes[0]->task();
    return 1;
  }
  WriteGroup group(*settings_, contents_, published_);
  size_t count = 0;
  while (count < writes.size() && !writes[count]->task && group.Add(writes[count])) ++count;
  const absl::Status status = Commit(&group);
  // A write that failed alone may have failed for what another would have done: nobody can tell now.
  for (size_t i = 0; !status.ok() && i < count; ++i) writes[i]->status = Clone(status);
  return count;
}

absl::Status MemoryBank::Commit(WriteGroup* group) {
  ENGRAM_RETURN_IF_ERROR(CheckOpen());
  if (group->changes().empty()) return absl::OkStatus();
  ENGRAM_RETURN_IF_ERROR(
      parts_.journal->ChangePatterns(bank_id_, *settings_, group->changes(), group->counts()));
  const PublishedVersion::State old = group->Apply(
      settings_,
      [&](RowRef row) ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_) {
        if (is_compacting_) died_meanwhile_.push_back(row);
      },
      &contents_, &published_);
  UpdateMemoryBytes();
  AskForCompactionIfWorthwhile();
  return absl::OkStatus();
}

absl::Status MemoryBank::CheckOpen() const {
  return closed_ ? BankWasDeleted(settings_->name) : absl::OkStatus();
}

void MemoryBank::UpdateMemoryBytes() {
  memory_bytes_ = reservation_.bytes() + contents_.rows().memory_bytes();
  device_bytes_ = contents_.rows().device_bytes();
}

}  // namespace engram
