#include "core/bank/restoring_bank.h"

#include "core/base/status_macros.h"

namespace engram {

RestoringBank::~RestoringBank() {
  if (!is_finished_) banks_->Remove(name());
}

absl::Status RestoringBank::Add(const PatternRows& rows) {
  // Memory first: it refuses ids that no bank may have.
  ENGRAM_RETURN_IF_ERROR(loader_->Add(rows));
  return import_->Add(rows);
}

absl::StatusOr<std::shared_ptr<MemoryBank>> RestoringBank::Finish() {
  ENGRAM_ASSIGN_OR_RETURN(std::shared_ptr<MemoryBank> bank, loader_->Finish());
  ENGRAM_RETURN_IF_ERROR(import_->Publish(loader_->counts()));
  MemoryBanks::Slot slot;
  slot.bank_id = bank_id_;
  slot.bank = bank;
  banks_->Put(name(), std::move(slot));
  is_finished_ = true;
  return bank;
}

}  // namespace engram
