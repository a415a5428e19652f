#include "core/storage/bank_reader.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/bank_record.h"
#include "core/storage/byte_record.h"
#include "core/storage/pattern_batch.h"
#include "core/storage/rocks_options.h"
#include "core/storage/rocks_status.h"
#include "core/storage/storage_key.h"

namespace engram {
namespace {

absl::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

// What is known of a bank while the family is read.
struct Records {
  std::optional<absl::StatusOr<BankSettings>> settings;
  std::optional<absl::StatusOr<BankCounts>> counts;
};

absl::Status Damaged(int64_t bank_id, absl::string_view why) {
  return DataDamaged(absl::StrCat("bank ", bank_id, ": ", why));
}

StoredBank ToStoredBank(int64_t bank_id, Records records) {
  if (!records.settings.has_value()) return {bank_id, Damaged(bank_id, "its settings are missing"), {}};
  if (!records.settings->ok()) {
    return {bank_id, Damaged(bank_id, records.settings->status().message()), {}};
  }
  if (!records.counts.has_value()) return {bank_id, Damaged(bank_id, "its counts are missing"), {}};
  if (!records.counts->ok()) return {bank_id, Damaged(bank_id, records.counts->status().message()), {}};
  return {bank_id, **std::move(records.settings), **records.counts};
}

// Puts one record where it belongs. DATA_LOSS: there is no such place.
absl::Status TakeRecord(absl::string_view key, absl::string_view value, std::map<int64_t, Records>* banks,
                        StoredBanks* stored) {
  if (key == kFormatKey) return absl::OkStatus();
  if (key == kNextBankIdKey) {
    ByteReader reader(value);
    stored->next_bank_id = reader.I64();
    if (reader.IsExact() && stored->next_bank_id >= 1) return absl::OkStatus();
    return DataDamaged("the number of the next bank makes no sense");
  }
  const bool is_of_bank =
      key.size() == 1 + kKeyNumberBytes &&
      (key[0] == kSettingsKeyPrefix || key[0] == kCountsKeyPrefix || key[0] == kRemainsKeyPrefix);
  if (!is_of_bank) {
    return DataDamaged(absl::StrCat("the banks hold a record of an unknown kind, of ", key.size(), " bytes"));
  }
  const auto bank_id = static_cast<int64_t>(KeyNumber(key.substr(1)));
  if (key[0] == kRemainsKeyPrefix) {
    stored->remains.push_back(bank_id);
    return absl::OkStatus();
  }
  Records& records = (*banks)[bank_id];
  if (key[0] == kSettingsKeyPrefix) {
    records.settings = DecodeSettings(value);
  } else {
    records.counts = DecodeCounts(value);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<StoredBanks> ReadBanks(const RocksDatabase& database) {
  std::map<int64_t, Records> records;
  StoredBanks stored;
  const std::unique_ptr<rocksdb::Iterator> it(
      database.db()->NewIterator(MakeScanOptions(), database.banks()));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    ENGRAM_RETURN_IF_ERROR(TakeRecord(ToView(it->key()), ToView(it->value()), &records, &stored));
  }
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(it->status(), "the list of banks"));
  for (auto& [bank_id, bank] : records) {
    stored.banks.push_back(ToStoredBank(bank_id, std::move(bank)));
    stored.next_bank_id = std::max(stored.next_bank_id, bank_id + 1);
  }
  return stored;
}

absl::Status ReadBankPatterns(const RocksDatabase& database, int64_t bank_id, const BankSettings& settings,
                              const PatternVisitor& visitor) {
  const std::string what = absl::StrCat("bank ", bank_id, " ('", settings.name, "')");
  rocksdb::ManagedSnapshot snapshot(database.db());
  rocksdb::ReadOptions options = MakeScanOptions();
  options.snapshot = snapshot.snapshot();
  std::string counts_record;
  ENGRAM_RETURN_IF_ERROR(
      ToReadStatus(database.db()->Get(options, database.banks(), CountsKey(bank_id), &counts_record), what));
  const absl::StatusOr<BankCounts> counts = DecodeCounts(counts_record);
  if (!counts.ok()) return DataDamaged(absl::StrCat(what, ": ", counts.status().message()));

  const std::string end = BankPrefix(bank_id + 1);
  const rocksdb::Slice end_slice(end);
  options.iterate_upper_bound = &end_slice;
  const std::unique_ptr<rocksdb::Iterator> it(database.db()->NewIterator(options, database.patterns()));
  PatternBatch batch(settings.dim, settings.value_dim);
  int64_t found = 0;
  for (it->Seek(BankPrefix(bank_id)); it->Valid(); it->Next()) {
    if (it->key().size() != 2 * kKeyNumberBytes) return DataDamaged(absl::StrCat(what, ": a key is damaged"));
    const uint64_t id = KeyNumber(ToView(it->key()).substr(kKeyNumberBytes));
    if (const absl::Status added = batch.Add(id, ToView(it->value())); !added.ok()) {
      return DataDamaged(absl::StrCat(what, ", pattern ", id, ": ", added.message()));
    }
    ++found;
    if (!batch.IsFull()) continue;
    ENGRAM_RETURN_IF_ERROR(visitor(batch.rows()));
    batch.Clear();
  }
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(it->status(), what));
  if (found != counts->pattern_count) {
    return DataDamaged(
        absl::StrCat(what, ": got ", found, " patterns, its counts say ", counts->pattern_count));
  }
  return batch.IsEmpty() ? absl::OkStatus() : visitor(batch.rows());
}

}  // namespace engram
