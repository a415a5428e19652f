#ifndef ENGRAM_CORE_BANK_RESTORING_BANK_H_
#define ENGRAM_CORE_BANK_RESTORING_BANK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/bank/bank_loader.h"
#include "core/bank/memory_banks.h"
#include "core/storage/journal.h"

namespace engram {

// A new bank of MemoryBanks on its way into the journal and into memory, with patterns that it had elsewhere.
// Made by MemoryBanks::BeginRestoring; used by one thread. Unfinished, it leaves nothing when this goes.
class RestoringBank {
 public:
  ~RestoringBank();
  RestoringBank(const RestoringBank&) = delete;
  RestoringBank& operator=(const RestoringBank&) = delete;

  const std::string& name() const { return loader_->settings()->name; }

  // Adds patterns. REQUIRES: as BankImport::Add; not finished.
  // Errors of BankLoader::Add and of the journal, after which it cannot be finished.
  absl::Status Add(const PatternRows& rows);
  // Makes the bank durable and lets it serve. REQUIRES: every Add was OK; not called before.
  // DATA_LOSS: there are fewer patterns than its counts say. Errors of the journal.
  absl::StatusOr<std::shared_ptr<MemoryBank>> Finish();

 private:
  friend class MemoryBanks;
  RestoringBank(int64_t bank_id, std::shared_ptr<BankLoader> loader, std::unique_ptr<BankImport> import,
                MemoryBanks* banks)
      : bank_id_(bank_id), loader_(std::move(loader)), import_(std::move(import)), banks_(banks) {}

  const int64_t bank_id_;
  const std::shared_ptr<BankLoader> loader_;
  const std::unique_ptr<BankImport> import_;
  MemoryBanks* const banks_;
  bool is_finished_ = false;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_RESTORING_BANK_H_
