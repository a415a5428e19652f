#include "core/bank/restore_bank.h"

#include <utility>

#include "core/bank/bank_errors.h"
#include "core/bank/restoring_bank.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

absl::StatusOr<StoredBank> FindBank(const StoredSnapshot& snapshot, const std::string& name) {
  for (const StoredBank& bank : snapshot.banks()) {
    if (bank.settings.ok() && bank.settings->name == name) return bank;
  }
  return BankNotInSnapshot(name);
}

}  // namespace

absl::StatusOr<std::shared_ptr<MemoryBank>> RestoreBank(const StoredSnapshot& snapshot,
                                                        const std::string& name, const std::string& new_name,
                                                        MemoryBanks* banks,
                                                        const std::function<void()>& on_taken,
                                                        const ProgressVisitor& progress) {
  ENGRAM_ASSIGN_OR_RETURN(const StoredBank stored, FindBank(snapshot, name));
  BankSettings settings = *stored.settings;
  settings.name = new_name;
  const auto row_bytes = static_cast<int64_t>(sizeof(float)) * (settings.dim + settings.value_dim);
  const int64_t total_bytes = row_bytes * stored.counts.pattern_count;
  ENGRAM_ASSIGN_OR_RETURN(const std::unique_ptr<RestoringBank> restoring,
                          banks->BeginRestoring(std::move(settings), stored.counts));
  on_taken();
  int64_t done_bytes = 0;
  ENGRAM_RETURN_IF_ERROR(progress(done_bytes, total_bytes));
  ENGRAM_RETURN_IF_ERROR(
      snapshot.ReadPatterns(stored.bank_id, *stored.settings, [&](const PatternRows& rows) {
        ENGRAM_RETURN_IF_ERROR(restoring->Add(rows));
        done_bytes += row_bytes * rows.patterns.rows();
        return progress(done_bytes, total_bytes);
      }));
  return restoring->Finish();
}

}  // namespace engram
