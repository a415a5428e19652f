// How a MemoryBank drops dead rows: it copies the living ones while writers go on, catches up with them, and
// takes a turn among them only for what is left.
#include <algorithm>
#include <utility>

#include "core/bank/memory_bank.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

// Fewer dead bytes are not worth a compaction's copying.
constexpr int64_t kMinDeadBytes = 256 << 10;

// Catches up with writers until so few rows are left that these can wait for them; gives up when they come
// as fast as they are copied.
constexpr int64_t kFewRows = 1024;
constexpr int kMaxRounds = 8;

}  // namespace

void MemoryBank::AskForCompactionIfWorthwhile() {
  if (parts_.compactor == nullptr || is_compaction_asked_) return;
  // Where memory is too short to drop them all, the next try waits for as many again.
  const BankRows& rows = contents_.rows();
  const int64_t enough = std::max({kMinDeadBytes, rows.living_bytes(), 2 * dead_bytes_kept_});
  if (rows.dead_bytes() < enough) return;
  is_compaction_asked_ = true;
  parts_.compactor->Schedule(weak_from_this());
}

void MemoryBank::CompactIfWorthwhile(const MemoryLack& lack, absl::FunctionRef<bool()> should_stop) {
  MutexLock one_at_a_time(&compaction_mutex_);
  std::optional<Compaction> compaction;
  InTurn([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_) { compaction = BeginCompaction(lack); });
  if (!compaction.has_value()) return;
  const absl::Status copied = CopyLiving([&] { return closed_.load() || should_stop(); }, &*compaction);
  std::optional<OldLayout> old;
  InTurn([&]()
             ABSL_EXCLUSIVE_LOCKS_REQUIRED(writer_mutex_) { old = FinishCompaction(copied, &*compaction); });
  if (!old.has_value()) return;
  // Here and not in the turn, for which other writers wait.
  old.reset();
  ++dropped_layouts_;
}

std::optional<Compaction> MemoryBank::BeginCompaction(const MemoryLack& lack) {
  is_compaction_asked_ = false;
  if (closed_ || !contents_.rows().CouldMakeUpFor(lack)) return std::nullopt;
  is_compacting_ = true;
  return Compaction(settings_, parts_.memory);
}

absl::Status MemoryBank::CopyLiving(absl::FunctionRef<bool()> should_stop, Compaction* compaction) const {
  for (int round = 0; round < kMaxRounds; ++round) {
    const BankSnapshot newest = Pin();
    if (round > 0 && compaction->RowsBehind(newest) <= kFewRows) break;
    ENGRAM_RETURN_IF_ERROR(compaction->CopyNewRowsOf(newest, should_stop));
  }
  return absl::OkStatus();
}

std::optional<MemoryBank::OldLayout> MemoryBank::FinishCompaction(absl::Status copied,
                                                                  Compaction* compaction) {
  is_compacting_ = false;
  const std::vector<RowRef> died = std::exchange(died_meanwhile_, {});
  if (closed_ || absl::IsCancelled(copied)) return std::nullopt;
  const BankSnapshot newest = Pin();
  if (copied.ok()) copied = compaction->CopyNewRowsOf(newest, [] { return false; });
  if (copied.ok()) {
    for (const RowRef row : died) compaction->Kill(newest, row);
    return ReplaceLayout(std::move(compaction->rows()), std::move(compaction->index()));
  }
  // There is no memory for a second copy.
  dead_bytes_kept_ = contents_.rows().dead_bytes();
  if (!contents_.rows().has_dead_segments()) return std::nullopt;
  BankRows::Compacted kept = contents_.rows().DropDeadSegments();
  return ReplaceLayout(std::move(kept.rows), std::move(kept.index));
}

MemoryBank::OldLayout MemoryBank::ReplaceLayout(BankRows rows, RowIndex index) {
  BankRows old_rows = contents_.ReplaceRows(std::move(rows));
  dead_bytes_kept_ = contents_.rows().dead_bytes();
  PublishedVersion::State old_state = published_.Publish(contents_.MakeState(settings_), &index);
  UpdateMemoryBytes();
  return {std::move(old_rows), std::move(index), std::move(old_state)};
}

}  // namespace engram
