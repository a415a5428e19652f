#include "core/storage/rocks_journal.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/failpoint.h"
#include "core/base/status_macros.h"
#include "core/storage/backup_store.h"
#include "core/storage/bank_ingest.h"
#include "core/storage/bank_reader.h"
#include "core/storage/bank_record.h"
#include "core/storage/byte_record.h"
#include "core/storage/checkpoint_store.h"
#include "core/storage/data_directory.h"
#include "core/storage/data_format.h"
#include "core/storage/log_check.h"
#include "core/storage/pattern_ingest.h"
#include "core/storage/rocks_database.h"
#include "core/storage/rocks_status.h"
#include "core/storage/storage_key.h"
#include "core/storage/table_ingest.h"

namespace engram {
namespace {

// What a record of settings or counts takes up, with room to spare.
constexpr int64_t kSmallRecordBytes = 1024;
// Around each record of a pattern, or the deletion of one.
constexpr int64_t kKeyBytes = 32;

DatabaseOptions ToDatabaseOptions(const RocksJournalOptions& options) {
  return {options.data_dir, options.log, options.env, options.min_free_bytes};
}

std::string What(absl::string_view doing, int64_t bank_id) { return absl::StrCat(doing, " bank ", bank_id); }

// What the records of the changes take up.
int64_t BytesOf(absl::Span<const PatternChange> changes) {
  int64_t bytes = kSmallRecordBytes;
  for (const PatternChange& change : changes) {
    bytes += PatternRecordBytes(change.stored);
    bytes += kKeyBytes * static_cast<int64_t>(change.stored.ids.size() + change.deleted_ids.size());
  }
  return bytes;
}

bool OnlyDeletes(absl::Span<const PatternChange> changes) {
  return std::all_of(changes.begin(), changes.end(),
                     [](const PatternChange& change) { return change.stored.ids.empty(); });
}

rocksdb::Status AddTo(rocksdb::WriteBatch* batch, rocksdb::ColumnFamilyHandle* patterns, int64_t bank_id,
                      const PatternChange& change, std::string* record) {
  const PatternRows& stored = change.stored;
  for (size_t i = 0; i < stored.ids.size(); ++i) {
    const auto row = static_cast<int64_t>(i);
    EncodePattern(stored.patterns.row(row), stored.value(row), stored.payload(row), record);
    const rocksdb::Status put = batch->Put(patterns, PatternKey(bank_id, stored.ids[i]), *record);
    if (!put.ok()) return put;
  }
  for (const uint64_t id : change.deleted_ids) {
    const rocksdb::Status deleted = batch->Delete(patterns, PatternKey(bank_id, id));
    if (!deleted.ok()) return deleted;
  }
  return rocksdb::Status::OK();
}

}  // namespace

absl::StatusOr<std::unique_ptr<RocksJournal>> RocksJournal::Open(RocksJournalOptions options) {
  const DatabaseOptions database_options = ToDatabaseOptions(options);
  rocksdb::FileSystem* const files = EnvOf(database_options)->GetFileSystem().get();
  ENGRAM_ASSIGN_OR_RETURN(DataDirectory directory,
                          PrepareDataDirectory(files, options.data_dir, options.log));
  if (directory.has_database) {
    ENGRAM_RETURN_IF_ERROR(CheckLogs(EnvOf(database_options), options.data_dir));
    ENGRAM_RETURN_IF_ERROR(RepairManifest(EnvOf(database_options), options.data_dir));
    ENGRAM_RETURN_IF_ERROR(CheckFormat(database_options));
    ENGRAM_RETURN_IF_ERROR(RepairLogs(EnvOf(database_options), options.data_dir));
  }
  // The database takes the lock itself. Who comes in between finds a whole directory, and this fails.
  directory.lock.reset();
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<RocksDatabase> database,
                          RocksDatabase::Open(database_options, RocksDatabase::Access::kWrite));
  ENGRAM_RETURN_IF_ERROR(RemoveLeftovers(files, options.data_dir, options.log));
  ENGRAM_RETURN_IF_ERROR(WriteFormat(database.get()));
  std::unique_ptr<RocksJournal> journal(new RocksJournal(std::move(options), std::move(database)));
  ENGRAM_ASSIGN_OR_RETURN(StoredBanks stored, ReadBanks(*journal->database_));
  journal->banks_ = std::move(stored.banks);
  ENGRAM_RETURN_IF_ERROR(journal->OpenBackups());
  for (const int64_t bank_id : stored.remains) journal->RemoveRemains(bank_id);
  MutexLock lock(&journal->mutex_);
  journal->next_bank_id_ = stored.next_bank_id;
  return journal;
}

RocksJournal::RocksJournal(RocksJournalOptions options, std::unique_ptr<RocksDatabase> database)
    : options_(std::move(options)),
      clock_(options_.clock != nullptr ? options_.clock : &wall_clock_),
      database_(std::move(database)),
      snapshots_(std::make_unique<CheckpointStore>(database_.get(), clock_)) {}

absl::Status RocksJournal::OpenBackups() {
  if (options_.backup_dir.empty()) return absl::OkStatus();
  auto opened = BackupStore::Open(database_.get(), options_.backup_dir, clock_);
  // Whatever it is, an operator must see to it.
  if (!opened.ok()) return absl::FailedPreconditionError(opened.status().message());
  backups_ = *std::move(opened);
  return absl::OkStatus();
}

RocksJournal::~RocksJournal() = default;

int64_t RocksJournal::next_bank_id() const {
  MutexLock lock(&mutex_);
  return next_bank_id_;
}

absl::Status RocksJournal::ReadPatterns(int64_t bank_id, const BankSettings& settings,
                                        const PatternVisitor& visitor) const {
  absl::Status status = ReadBankPatterns(*database_, bank_id, settings, visitor);
  if (absl::IsDataLoss(status)) database_->KeepFilesAsTheyAre();
  return status;
}

void RocksJournal::StartCompactions() { database_->StartCompactions(); }

bool RocksJournal::healthy() const { return database_->healthy(); }

absl::Status RocksJournal::CreateBank(int64_t bank_id, const BankSettings& settings) {
  if (settings.durability == Durability::kVolatile) return absl::OkStatus();
  ENGRAM_RETURN_IF_ERROR(database_->PrepareWrite(kSmallRecordBytes, /*makes_room=*/false, Now()));
  ENGRAM_FAILPOINT("create/before_write");
  // Held while writing: of two creations the later one must write the larger number.
  MutexLock lock(&mutex_);
  const int64_t next_bank_id = std::max(next_bank_id_, bank_id + 1);
  std::string next_record;
  ByteWriter(&next_record).I64(next_bank_id);
  rocksdb::WriteBatch batch;
  rocksdb::Status put = batch.Put(database_->banks(), kNextBankIdKey, next_record);
  if (put.ok()) put = batch.Put(database_->banks(), SettingsKey(bank_id), EncodeSettings(settings));
  if (put.ok()) put = batch.Put(database_->banks(), CountsKey(bank_id), EncodeCounts({}));
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(put, What("creating", bank_id)));
  ENGRAM_RETURN_IF_ERROR(
      database_->Write(&batch, settings.durability == Durability::kSynced, What("creating", bank_id)));
  next_bank_id_ = next_bank_id;
  ENGRAM_CRASHPOINT("create/after_write");
  return absl::OkStatus();
}

absl::Status RocksJournal::UpdateBank(int64_t bank_id, const BankSettings& settings) {
  if (settings.durability == Durability::kVolatile) return absl::OkStatus();
  ENGRAM_RETURN_IF_ERROR(database_->PrepareWrite(kSmallRecordBytes, /*makes_room=*/false, Now()));
  ENGRAM_FAILPOINT("update/before_write");
  rocksdb::WriteBatch batch;
  const rocksdb::Status put = batch.Put(database_->banks(), SettingsKey(bank_id), EncodeSettings(settings));
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(put, What("updating", bank_id)));
  ENGRAM_RETURN_IF_ERROR(
      database_->Write(&batch, settings.durability == Durability::kSynced, What("updating", bank_id)));
  ENGRAM_CRASHPOINT("update/after_write");
  return absl::OkStatus();
}

absl::Status RocksJournal::DeleteBank(int64_t bank_id) {
  ENGRAM_RETURN_IF_ERROR(database_->PrepareWrite(kSmallRecordBytes, /*makes_room=*/true, Now()));
  ENGRAM_FAILPOINT("delete/before_write");
  rocksdb::WriteBatch batch;
  rocksdb::Status put = batch.Delete(database_->banks(), SettingsKey(bank_id));
  if (put.ok()) put = batch.Delete(database_->banks(), CountsKey(bank_id));
  if (put.ok()) put = batch.Put(database_->banks(), RemainsKey(bank_id), "");
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(put, What("deleting", bank_id)));
  // Durable whatever the bank was: one that is back after a power loss would be a surprise.
  ENGRAM_RETURN_IF_ERROR(database_->Write(&batch, /*sync=*/true, What("deleting", bank_id)));
  ENGRAM_CRASHPOINT("delete/after_write");
  RemoveRemains(bank_id);
  ENGRAM_CRASHPOINT("delete/after_remains");
  return absl::OkStatus();
}

void RocksJournal::RemoveRemains(int64_t bank_id) {
  const std::string begin = BankPrefix(bank_id);
  const std::string end = BankPrefix(bank_id + 1);
  database_->DropFiles(begin, end);
  // As a table file: a range deletion in a write buffer aborts a RocksDB built with assertions if a full disk
  // keeps the buffer from being written out.
  const absl::Status removed = IngestTables(
      database_.get(), next_ingest_++,
      [&](rocksdb::SstFileWriter* table) { return table->DeleteRange(begin, end); },
      [&](rocksdb::SstFileWriter* table) { return table->Delete(RemainsKey(bank_id)); },
      What("removing the patterns of deleted", bank_id));
  if (removed.ok()) return database_->SuggestCompaction(begin, end);
  options_.log(LogLevel::kWarning, absl::StrCat(removed.message(), "; the next start tries again"));
}

absl::Status RocksJournal::ChangePatterns(int64_t bank_id, const BankSettings& settings,
                                          absl::Span<const PatternChange> changes, const BankCounts& counts) {
  if (settings.durability == Durability::kVolatile) return absl::OkStatus();
  const int64_t bytes = BytesOf(changes);
  ENGRAM_RETURN_IF_ERROR(database_->PrepareWrite(bytes, OnlyDeletes(changes), Now()));
  if (bytes > options_.bulk_bytes) {
    return IngestChanges(database_.get(), next_ingest_++, bank_id, changes, counts);
  }
  return WriteChanges(bank_id, settings, changes, counts);
}

absl::Status RocksJournal::WriteChanges(int64_t bank_id, const BankSettings& settings,
                                        absl::Span<const PatternChange> changes, const BankCounts& counts) {
  ENGRAM_FAILPOINT("change/before_write");
  const std::string what = What("storing in", bank_id);
  rocksdb::WriteBatch batch;
  std::string record;
  for (const PatternChange& change : changes) {
    ENGRAM_RETURN_IF_ERROR(
        ToWriteStatus(AddTo(&batch, database_->patterns(), bank_id, change, &record), what));
  }
  ENGRAM_RETURN_IF_ERROR(
      ToWriteStatus(batch.Put(database_->banks(), CountsKey(bank_id), EncodeCounts(counts)), what));
  ENGRAM_RETURN_IF_ERROR(database_->Write(&batch, settings.durability == Durability::kSynced, what));
  ENGRAM_CRASHPOINT("change/after_write");
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<BankImport>> RocksJournal::ImportBank(int64_t bank_id,
                                                                     const BankSettings& settings) {
  if (settings.durability == Durability::kVolatile) return std::make_unique<VolatileImport>();
  return std::make_unique<BankIngest>(
      database_.get(), next_ingest_++, bank_id, [this] { return Now(); },
      [this, bank_id, settings](const BankCounts& counts, TableIngest* tables) {
        return PublishBank(bank_id, settings, counts, tables);
      });
}

absl::Status RocksJournal::PublishBank(int64_t bank_id, const BankSettings& settings,
                                       const BankCounts& counts, TableIngest* tables) {
  ENGRAM_RETURN_IF_ERROR(database_->PrepareWrite(kSmallRecordBytes, /*makes_room=*/false, Now()));
  // Before the bank, and not with it: all other creations would wait for its tables.
  ENGRAM_RETURN_IF_ERROR(ReserveBankId(bank_id));
  ENGRAM_RETURN_IF_ERROR(tables->Begin(TableIngest::Family::kBanks));
  rocksdb::Status put = tables->table()->Put(CountsKey(bank_id), EncodeCounts(counts));
  if (put.ok()) put = tables->table()->Put(SettingsKey(bank_id), EncodeSettings(settings));
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(put, tables->what()));
  ENGRAM_RETURN_IF_ERROR(tables->End());
  return tables->Publish();
}

absl::Status RocksJournal::ReserveBankId(int64_t bank_id) {
  // As in CreateBank.
  MutexLock lock(&mutex_);
  if (next_bank_id_ > bank_id) return absl::OkStatus();
  std::string next_record;
  ByteWriter(&next_record).I64(bank_id + 1);
  rocksdb::WriteBatch batch;
  const std::string what = What("restoring", bank_id);
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(batch.Put(database_->banks(), kNextBankIdKey, next_record), what));
  ENGRAM_RETURN_IF_ERROR(database_->Write(&batch, /*sync=*/true, what));
  next_bank_id_ = bank_id + 1;
  return absl::OkStatus();
}

}  // namespace engram
