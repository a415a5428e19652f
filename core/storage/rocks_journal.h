#ifndef ENGRAM_CORE_STORAGE_ROCKS_JOURNAL_H_
#define ENGRAM_CORE_STORAGE_ROCKS_JOURNAL_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/storage/journal.h"
#include "core/storage/snapshot_store.h"
#include "core/storage/storage_log.h"
#include "core/storage/stored_bank.h"

namespace rocksdb {
class Env;
}

namespace engram {

class RocksDatabase;
class TableIngest;

struct RocksJournalOptions {
  // Made if it is missing; its parent must exist.
  std::string data_dir;
  // Must not be empty.
  StorageLog log;
  // Where backups go, made if it is missing; its parent must exist. Empty: nowhere. It must not be in the
  // data directory, and belongs to one server.
  std::string backup_dir;
  // What must stay free on the volume, below which writes are refused. Unset: max(1 GiB, 5 %), less on small
  // volumes.
  std::optional<int64_t> min_free_bytes;
  // Changes of more bytes are written as files of the database.
  int64_t bulk_bytes = int64_t{8} << 20;
  // Where files are. nullptr: the machine's.
  std::shared_ptr<rocksdb::Env> env;
  // nullptr: the wall clock. Outlives the journal.
  const Clock* clock = nullptr;
};

// Banks on disk, in a RocksDB database in a directory of their own: docs/storage.md describes it. Banks of
// Durability::kVolatile leave no trace. Thread-safe.
//
// A write that fails with UNAVAILABLE or RESOURCE_EXHAUSTED leaves the bank as it was; if the process ends
// before a later write succeeds, a failed one may still show after the restart, as may one whose answer was
// lost.
class RocksJournal : public Journal {
 public:
  // Opens the data directory, making it if need be.
  //
  // FAILED_PRECONDITION: the directory cannot be used: not made, not writable, in use, of a newer Engram; the
  // text says what to do. DATA_LOSS: it is damaged beyond one bank's patterns; the text names the file.
  static absl::StatusOr<std::unique_ptr<RocksJournal>> Open(RocksJournalOptions options);
  ~RocksJournal() override;

  // As they were when the directory was opened, ascending by id.
  const std::vector<StoredBank>& banks() const { return banks_; }
  // Greater than any bank's id that a durable bank ever had here.
  int64_t next_bank_id() const;

  // Hands the patterns of a bank to `visitor`, ascending by id, in batches of about 1 MiB.
  //
  // DATA_LOSS: a file is damaged, which the text names, a record makes no sense, or patterns are missing;
  // what was handed over before is then incomplete. UNAVAILABLE: the disk cannot be read.
  absl::Status ReadPatterns(int64_t bank_id, const BankSettings& settings,
                            const PatternVisitor& visitor) const;

  // Lets the database put its files in order from now on, but for those of patterns once some were found
  // damaged. To be called when the last bank was read, or given up: a compaction that meets damage before it
  // is known stops the writes of all banks. Until then files only gather.
  void StartCompactions();

  // False: writes fail since an error of the disk. Each write asked for tries to get over it, at most one a
  // second.
  bool healthy() const;

  // Snapshots in the data directory, which a checkpoint makes at once, of links where the volume can.
  SnapshotStore* snapshots() const { return snapshots_.get(); }
  // Snapshots in the backup directory, of files of their own; null without one.
  SnapshotStore* backups() const { return backups_.get(); }

  // Checks a data directory that no process has open: every file and every record. Changes nothing. Tells
  // `log` each thing that is wrong and, as kInfo, how far it is. DATA_LOSS: something is;
  // FAILED_PRECONDITION: there is no data directory, or it is in use.
  static absl::Status Verify(const RocksJournalOptions& options);

  Durability durability() const override { return Durability::kSynced; }
  absl::Status CreateBank(int64_t bank_id, const BankSettings& settings) override;
  absl::Status UpdateBank(int64_t bank_id, const BankSettings& settings) override;
  absl::Status DeleteBank(int64_t bank_id) override;
  absl::Status ChangePatterns(int64_t bank_id, const BankSettings& settings,
                              absl::Span<const PatternChange> changes, const BankCounts& counts) override;
  // RESOURCE_EXHAUSTED (DISK_FULL) comes before anything is written. Durable whatever the settings ask for.
  absl::StatusOr<std::unique_ptr<BankImport>> ImportBank(int64_t bank_id,
                                                         const BankSettings& settings) override;

 private:
  RocksJournal(RocksJournalOptions options, std::unique_ptr<RocksDatabase> database);

  absl::Status OpenBackups();

  absl::Status WriteChanges(int64_t bank_id, const BankSettings& settings,
                            absl::Span<const PatternChange> changes, const BankCounts& counts);
  // Makes a bank of tables that hold its patterns.
  absl::Status PublishBank(int64_t bank_id, const BankSettings& settings, const BankCounts& counts,
                           TableIngest* tables) ABSL_LOCKS_EXCLUDED(mutex_);
  // Durably gives no later bank the id `bank_id`.
  absl::Status ReserveBankId(int64_t bank_id) ABSL_LOCKS_EXCLUDED(mutex_);
  // Of a deleted bank: its patterns, which nobody reads any more.
  void RemoveRemains(int64_t bank_id);
  absl::Time Now() const { return clock_->Now(); }

  const RocksJournalOptions options_;
  const SystemClock wall_clock_;
  const Clock* const clock_;
  const std::unique_ptr<RocksDatabase> database_;  // Own synchronization.
  std::vector<StoredBank> banks_;                  // Constant after opening.
  // Constant after opening; own synchronization.
  std::unique_ptr<SnapshotStore> snapshots_;
  std::unique_ptr<SnapshotStore> backups_;
  std::atomic<uint64_t> next_ingest_ = 1;

  mutable Mutex mutex_;
  int64_t next_bank_id_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_ROCKS_JOURNAL_H_
