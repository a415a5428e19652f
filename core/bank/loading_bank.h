#ifndef ENGRAM_CORE_BANK_LOADING_BANK_H_
#define ENGRAM_CORE_BANK_LOADING_BANK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "core/bank/bank_loader.h"
#include "core/bank/memory_banks.h"

namespace engram {

// A bank of MemoryBanks on its way from the journal into memory. Made by MemoryBanks::BeginLoading; used by
// one thread. Unfinished, the bank is quarantined as UNAVAILABLE when this goes.
class LoadingBank {
 public:
  ~LoadingBank();
  LoadingBank(const LoadingBank&) = delete;
  LoadingBank& operator=(const LoadingBank&) = delete;

  const std::string& name() const { return settings_->name; }

  // Adds patterns; see BankLoader::Add. An error, which is returned, quarantines the bank.
  // REQUIRES: neither finished nor failed.
  absl::Status Add(const PatternRows& rows);
  // Lets the bank serve. An error, which is returned, quarantines it: see BankLoader::Finish.
  // REQUIRES: neither finished nor failed.
  absl::Status Finish();
  // Quarantines the bank for `cause`, not OK. REQUIRES: neither finished nor failed.
  void Fail(const absl::Status& cause);

 private:
  friend class MemoryBanks;
  LoadingBank(int64_t bank_id, std::shared_ptr<BankLoader> loader, MemoryBanks* banks)
      : bank_id_(bank_id), settings_(loader->settings()), loader_(std::move(loader)), banks_(banks) {}

  const int64_t bank_id_;
  const std::shared_ptr<const BankSettings> settings_;
  std::shared_ptr<BankLoader> loader_;  // Null: finished or failed.
  MemoryBanks* const banks_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_LOADING_BANK_H_
