#include "core/bank/loading_bank.h"

#include <utility>

#include "core/bank/bank_errors.h"

namespace engram {

LoadingBank::~LoadingBank() {
  if (loader_ != nullptr) Fail(absl::UnavailableError("its loading ended early; restart the server"));
}

absl::Status LoadingBank::Add(const PatternRows& rows) {
  const absl::Status status = loader_->Add(rows);
  if (!status.ok()) Fail(status);
  return status;
}

absl::Status LoadingBank::Finish() {
  absl::StatusOr<std::shared_ptr<MemoryBank>> bank = loader_->Finish();
  if (!bank.ok()) {
    Fail(bank.status());
    return bank.status();
  }
  MemoryBanks::Slot slot;
  slot.bank_id = bank_id_;
  slot.bank = *std::move(bank);
  banks_->Put(name(), std::move(slot));
  loader_ = nullptr;
  return absl::OkStatus();
}

void LoadingBank::Fail(const absl::Status& cause) {
  MemoryBanks::Slot slot;
  slot.bank_id = bank_id_;
  slot.status = BankNotLoaded(name(), cause);
  slot.settings = settings_;
  slot.counts = loader_->counts();
  banks_->Put(name(), std::move(slot));
  loader_ = nullptr;  // With the memory it took.
}

}  // namespace engram
