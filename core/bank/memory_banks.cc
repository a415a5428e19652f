#include "core/bank/memory_banks.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

absl::Status BankExists(const std::string& name) {
  ErrorDetails details;
  details.reason = "BANK_EXISTS";
  details.field = "name";
  details.metadata = {{"bank", name}};
  return MakeError(absl::StatusCode::kAlreadyExists, details, absl::StrCat("name: bank '", name, "' exists"));
}

absl::Status TooManyBanks(int64_t max_banks) {
  ErrorDetails details;
  details.reason = "TOO_MANY_BANKS";
  details.metadata = {{"limit", absl::StrCat(max_banks)}};
  return MakeError(
      absl::StatusCode::kResourceExhausted, details,
      absl::StrCat("the server holds ", max_banks, " banks, its limit; delete one or raise --max-banks"));
}

}  // namespace

absl::StatusOr<std::shared_ptr<MemoryBank>> MemoryBanks::Create(BankSettings settings) {
  MutexLock writer(&writer_mutex_);
  if (Find(settings.name).ok()) return BankExists(settings.name);
  if (count() >= max_banks_) return TooManyBanks(max_banks_);
  const int64_t bank_id = next_bank_id_++;
  ENGRAM_ASSIGN_OR_RETURN(std::shared_ptr<MemoryBank> bank,
                          MemoryBank::Make(bank_id, std::move(settings), budget_, journal_));
  const std::shared_ptr<const BankSettings> created = bank->settings();
  ENGRAM_RETURN_IF_ERROR(journal_->CreateBank(bank_id, *created));
  MutexLock lock(&mutex_);
  banks_.emplace(created->name, bank);
  return bank;
}

absl::StatusOr<std::shared_ptr<MemoryBank>> MemoryBanks::Find(const std::string& name) const {
  MutexLock lock(&mutex_);
  const auto it = banks_.find(name);
  if (it != banks_.end()) return it->second;
  ErrorDetails details;
  details.reason = "BANK_NOT_FOUND";
  details.metadata = {{"bank", name}};
  return MakeError(absl::StatusCode::kNotFound, details, absl::StrCat("no bank is named '", name, "'"));
}

absl::Status MemoryBanks::Delete(const std::string& name) {
  MutexLock writer(&writer_mutex_);
  ENGRAM_ASSIGN_OR_RETURN(const std::shared_ptr<MemoryBank> bank, Find(name));
  ENGRAM_RETURN_IF_ERROR(journal_->DeleteBank(bank->bank_id()));
  bank->Close();
  MutexLock lock(&mutex_);
  banks_.erase(name);
  return absl::OkStatus();
}

std::vector<std::shared_ptr<MemoryBank>> MemoryBanks::List(const std::string& after, int64_t count) const {
  MutexLock lock(&mutex_);
  std::vector<std::shared_ptr<MemoryBank>> banks;
  for (auto it = banks_.upper_bound(after); it != banks_.end() && static_cast<int64_t>(banks.size()) < count;
       ++it) {
    banks.push_back(it->second);
  }
  return banks;
}

int64_t MemoryBanks::count() const {
  MutexLock lock(&mutex_);
  return static_cast<int64_t>(banks_.size());
}

}  // namespace engram
