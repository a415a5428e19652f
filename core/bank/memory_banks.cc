#include "core/bank/memory_banks.h"

#include <algorithm>
#include <utility>

#include "core/bank/bank_errors.h"
#include "core/bank/loading_bank.h"
#include "core/bank/restoring_bank.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"

namespace engram {

MemoryBanks::MemoryBanks(int64_t max_banks, const BankMemory& memory, Journal* journal, int64_t next_bank_id)
    : max_banks_(max_banks),
      memory_(memory),
      journal_(journal),
      next_bank_id_(next_bank_id),
      compactor_(/*has_thread=*/true) {}

MemoryBank::Parts MemoryBanks::PartsFor(const BankSettings& settings) {
  const bool is_volatile = settings.durability == Durability::kVolatile;
  return {memory_, is_volatile ? &volatile_journal_ : journal_, &compactor_};
}

absl::StatusOr<std::shared_ptr<MemoryBank>> MemoryBanks::Create(BankSettings settings) {
  MutexLock writer(&writer_mutex_);
  if (IsTaken(settings.name)) return BankExists(settings.name);
  if (count() >= max_banks_) return TooManyBanks(max_banks_);
  const MemoryBank::Parts parts = PartsFor(settings);
  Slot slot;
  slot.bank_id = next_bank_id_++;
  ENGRAM_ASSIGN_OR_RETURN(slot.bank, MemoryBank::Make(slot.bank_id, std::move(settings), parts));
  std::shared_ptr<MemoryBank> bank = slot.bank;
  ENGRAM_RETURN_IF_ERROR(parts.journal->CreateBank(slot.bank_id, *bank->settings()));
  Put(bank->settings()->name, std::move(slot));
  return bank;
}

absl::StatusOr<std::shared_ptr<MemoryBank>> MemoryBanks::Find(const std::string& name) const {
  ENGRAM_ASSIGN_OR_RETURN(BankEntry entry, FindEntry(name));
  ENGRAM_RETURN_IF_ERROR(entry.status);
  return std::move(entry.bank);
}

absl::StatusOr<BankEntry> MemoryBanks::FindEntry(const std::string& name) const {
  MutexLock lock(&mutex_);
  const auto it = slots_.find(name);
  if (it == slots_.end()) return BankNotFound(name);
  return ToEntry(name, it->second);
}

absl::Status MemoryBanks::Delete(const std::string& name) {
  MutexLock writer(&writer_mutex_);
  ENGRAM_ASSIGN_OR_RETURN(const BankEntry entry, FindEntry(name));
  if (entry.state == BankEntry::State::kLoading) return entry.status;
  ENGRAM_RETURN_IF_ERROR(entry.bank != nullptr ? entry.bank->Close() : journal_->DeleteBank(entry.bank_id));
  Remove(name);
  return absl::OkStatus();
}

std::vector<BankEntry> MemoryBanks::List(const std::string& after, int64_t count) const {
  MutexLock lock(&mutex_);
  std::vector<BankEntry> entries;
  for (auto it = slots_.upper_bound(after);
       it != slots_.end() && static_cast<int64_t>(entries.size()) < count; ++it) {
    entries.push_back(ToEntry(it->first, it->second));
  }
  return entries;
}

absl::StatusOr<std::unique_ptr<LoadingBank>> MemoryBanks::BeginLoading(int64_t bank_id, BankSettings settings,
                                                                       const BankCounts& counts) {
  MutexLock writer(&writer_mutex_);
  const std::string name = settings.name;
  if (IsTaken(name)) return BankExists(name);
  Slot slot = JournaledSlot(bank_id, settings, counts);
  auto made = BankLoader::Make(bank_id, std::move(settings), counts, PartsFor(*slot.settings));
  if (!made.ok()) {
    slot.status = BankNotLoaded(name, made.status());
    const absl::Status status = slot.status;
    Put(name, std::move(slot));
    return status;
  }
  const std::shared_ptr<BankLoader> loader = *std::move(made);
  slot.loader = loader;
  Put(name, std::move(slot));
  return std::unique_ptr<LoadingBank>(new LoadingBank(bank_id, loader, this));
}

absl::Status MemoryBanks::Quarantine(int64_t bank_id, BankSettings settings, const BankCounts& counts,
                                     const absl::Status& cause) {
  MutexLock writer(&writer_mutex_);
  const std::string name = settings.name;
  if (IsTaken(name)) return BankExists(name);
  Slot slot = JournaledSlot(bank_id, std::move(settings), counts);
  slot.status = BankNotLoaded(name, cause);
  Put(name, std::move(slot));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<RestoringBank>> MemoryBanks::BeginRestoring(BankSettings settings,
                                                                           const BankCounts& counts) {
  MutexLock writer(&writer_mutex_);
  const std::string name = settings.name;
  if (IsTaken(name)) return BankExists(name);
  if (count() >= max_banks_) return TooManyBanks(max_banks_);
  const int64_t bank_id = next_bank_id_;
  Slot slot = JournaledSlot(bank_id, settings, counts);
  const MemoryBank::Parts parts = PartsFor(settings);
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<BankImport> import, parts.journal->ImportBank(bank_id, settings));
  ENGRAM_ASSIGN_OR_RETURN(std::shared_ptr<BankLoader> loader,
                          BankLoader::Make(bank_id, std::move(settings), counts, parts));
  slot.loader = loader;
  Put(name, std::move(slot));
  return std::unique_ptr<RestoringBank>(
      new RestoringBank(bank_id, std::move(loader), std::move(import), this));
}

MemoryBanks::Slot MemoryBanks::JournaledSlot(int64_t bank_id, BankSettings settings,
                                             const BankCounts& counts) {
  next_bank_id_ = std::max(next_bank_id_, bank_id + 1);
  Slot slot;
  slot.bank_id = bank_id;
  slot.settings = std::make_shared<const BankSettings>(std::move(settings));
  slot.counts = counts;
  return slot;
}

int64_t MemoryBanks::count() const {
  MutexLock lock(&mutex_);
  return static_cast<int64_t>(slots_.size());
}

BankEntry MemoryBanks::ToEntry(const std::string& name, const Slot& slot) {
  BankEntry entry;
  entry.name = name;
  entry.bank_id = slot.bank_id;
  entry.bank = slot.bank;
  entry.status = Clone(slot.status);
  entry.settings = slot.settings;
  entry.counts = slot.counts;
  if (slot.bank != nullptr) {
    entry.settings = slot.bank->settings();
  } else if (slot.loader != nullptr) {
    entry.state = BankEntry::State::kLoading;
    entry.loaded_patterns = slot.loader->loaded();
    entry.status = BankLoading(name, entry.loaded_patterns, slot.counts.pattern_count);
  } else {
    entry.state = BankEntry::State::kQuarantined;
  }
  return entry;
}

bool MemoryBanks::IsTaken(const std::string& name) const {
  MutexLock lock(&mutex_);
  return slots_.count(name) > 0;
}

void MemoryBanks::Put(const std::string& name, Slot slot) {
  MutexLock lock(&mutex_);
  slots_[name] = std::move(slot);
}

void MemoryBanks::Remove(const std::string& name) {
  MutexLock lock(&mutex_);
  slots_.erase(name);
}

}  // namespace engram
