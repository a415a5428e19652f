#ifndef ENGRAM_CORE_BANK_BANK_ERRORS_H_
#define ENGRAM_CORE_BANK_BANK_ERRORS_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "core/storage/bank_settings.h"

namespace engram {

// What banks refuse, in words and with details for programs (docs/errors.md).

// NOT_FOUND: `bank` has no pattern `id`.
absl::Status PatternNotFound(const std::string& bank, uint64_t id);
// NOT_FOUND: there is no bank `bank`.
absl::Status BankNotFound(const std::string& bank);
// NOT_FOUND: a snapshot has no bank `bank`, or none whose settings can be read.
absl::Status BankNotInSnapshot(const std::string& bank);
// NOT_FOUND: `bank` was deleted while somebody held it.
absl::Status BankWasDeleted(const std::string& bank);
// ALREADY_EXISTS: `bank` is there.
absl::Status BankExists(const std::string& bank);
// RESOURCE_EXHAUSTED: a server holds no more than `max_banks`.
absl::Status TooManyBanks(int64_t max_banks);
// RESOURCE_EXHAUSTED: a bank with `settings` has `pattern_count` patterns and no room for `more`.
absl::Status BankFull(const BankSettings& settings, int64_t pattern_count, int64_t more);
// FAILED_PRECONDITION: a bank has more patterns than `asked` would allow.
absl::Status LimitBelowCount(const BankSettings& asked, int64_t pattern_count);
// RESOURCE_EXHAUSTED: `asked` ids are to be assigned, `left` are left.
absl::Status IdsUsedUp(const std::string& bank, uint64_t left, int64_t asked);
// UNAVAILABLE: `loaded` of the `total` patterns of `bank` are in memory; retry.
absl::Status BankLoading(const std::string& bank, int64_t loaded, int64_t total);
// DATA_LOSS: what is stored of `bank` is damaged as `how` says.
absl::Status BankDamaged(const std::string& bank, const std::string& how);
// Why `bank`, whose loading ended with `cause`, does not serve. DATA_LOSS: as BankDamaged, whatever the
// reason of `cause` was. Else the same code; the same reason if it had one.
absl::Status BankNotLoaded(const std::string& bank, const absl::Status& cause);

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_BANK_ERRORS_H_
