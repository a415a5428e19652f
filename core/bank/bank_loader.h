#ifndef ENGRAM_CORE_BANK_BANK_LOADER_H_
#define ENGRAM_CORE_BANK_BANK_LOADER_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/bank/bank_contents.h"
#include "core/bank/memory_bank.h"
#include "core/storage/journal.h"

namespace engram {

// Makes a bank of what a journal has kept of it, which is not journaled again. Its answers have the same
// bytes as those of the bank that was kept, though its rows may lie in another order. One thread may add
// while others ask how far it is.
class BankLoader {
 public:
  // A bank with `settings` that will have `counts`; memory for its rows is taken at once.
  // RESOURCE_EXHAUSTED: the budget or the device has no room for them.
  static absl::StatusOr<std::unique_ptr<BankLoader>> Make(int64_t bank_id, BankSettings settings,
                                                          const BankCounts& counts,
                                                          const MemoryBank::Parts& parts);

  const std::shared_ptr<const BankSettings>& settings() const { return settings_; }
  // What the bank will have, and how many of its patterns were added.
  const BankCounts& counts() const { return counts_; }
  int64_t loaded() const { return loaded_.load(); }

  // Adds patterns, on the device too. REQUIRES: rows.ids are given; shapes as in MemoryBank::Store; the calls
  // so far were OK.
  //
  // RESOURCE_EXHAUSTED: the budget has no room for payloads. DATA_LOSS: an id was there before or is not
  // below counts().next_id, or there are more patterns than counts().pattern_count.
  absl::Status Add(const PatternRows& rows);

  // The bank, at counts().version. REQUIRES: every Add was OK; not called before.
  // DATA_LOSS: there are fewer patterns than counts().pattern_count.
  absl::StatusOr<std::shared_ptr<MemoryBank>> Finish();

 private:
  BankLoader(int64_t bank_id, std::shared_ptr<const BankSettings> settings, const BankCounts& counts,
             Reservation reservation, const MemoryBank::Parts& parts);
  // Takes memory for the rows. RESOURCE_EXHAUSTED: there is none.
  absl::Status MakeRoom();
  absl::Status WrongCount(int64_t got) const;

  const int64_t bank_id_;
  const std::shared_ptr<const BankSettings> settings_;
  const BankCounts counts_;
  const MemoryBank::Parts parts_;
  Reservation reservation_;
  BankContents contents_;
  RowIndex index_;
  std::atomic<int64_t> loaded_{0};
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_BANK_LOADER_H_
