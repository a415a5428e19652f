#include "core/storage/backup_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/failpoint.h"
#include "core/base/status_macros.h"
#include "core/storage/backup_directory.h"
#include "core/storage/data_directory.h"
#include "core/storage/folder.h"
#include "core/storage/free_space.h"
#include "core/storage/rocks_status.h"
#include "core/storage/snapshot_check.h"
#include "core/storage/snapshot_errors.h"
#include "core/storage/stored_snapshot.h"

namespace engram {
namespace {

// No snapshot can have this name.
constexpr char kTemporaryName[] = ".backup.tmp";

// RocksDB names files as the backed up database did; the engine, in `checked`, knows where they are.
absl::Status WithFile(const absl::Status& status, const absl::Status& checked) {
  if (!absl::IsDataLoss(status) || checked.ok()) return status;
  return DataDamaged(absl::StrCat(status.message(), "; ", checked.message()));
}

absl::StatusOr<Backup> FindIn(const std::vector<Backup>& backups, const std::string& name) {
  const auto it = std::find_if(backups.begin(), backups.end(),
                               [&](const Backup& backup) { return backup.info.name == name; });
  if (it == backups.end()) return SnapshotNotFound(name);
  return *it;
}

}  // namespace

absl::StatusOr<std::unique_ptr<BackupStore>> BackupStore::Open(RocksDatabase* database,
                                                               std::string backup_dir, const Clock* clock) {
  const DatabaseOptions& options = database->options();
  // The engine opens files of a backup under absolute names alone.
  const std::string given = std::move(backup_dir);
  ENGRAM_RETURN_IF_ERROR(
      ToReadStatus(database->files()->GetAbsolutePath(given, {}, &backup_dir, nullptr), given));
  ENGRAM_ASSIGN_OR_RETURN(DirectoryLock lock, PrepareBackupDirectory(database->files(), backup_dir,
                                                                     options.data_dir, options.log));
  std::unique_ptr<BackupStore> store(
      new BackupStore(database, std::move(backup_dir), clock, std::move(lock)));
  ENGRAM_ASSIGN_OR_RETURN(const auto engine, store->OpenEngine(BackupEngine::Access::kWrite));
  ENGRAM_RETURN_IF_ERROR(engine->RemoveLeftovers());
  ENGRAM_RETURN_IF_ERROR(store->Refresh());
  return store;
}

BackupStore::BackupStore(RocksDatabase* database, std::string backup_dir, const Clock* clock,
                         DirectoryLock lock)
    : database_(database),
      backup_dir_(std::move(backup_dir)),
      min_free_bytes_(database->options().min_free_bytes.value_or(MinFreeBytes(VolumeBytes(backup_dir_)))),
      clock_(clock),
      lock_(std::move(lock)) {}

absl::StatusOr<std::unique_ptr<BackupEngine>> BackupStore::OpenEngine(BackupEngine::Access access) const {
  // The engine would make its folders in whatever is there.
  ENGRAM_RETURN_IF_ERROR(FindBackupDirectory(database_->files(), backup_dir_));
  return BackupEngine::Open(EnvOf(database_->options()), backup_dir_, database_->options().log, access);
}

absl::Status BackupStore::Refresh() const {
  MutexLock refresh_lock(&refresh_mutex_);
  const auto engine = OpenEngine(BackupEngine::Access::kRead);
  std::vector<Backup> backups;
  if (engine.ok()) backups = (*engine)->List();
  // Who has begun to work meanwhile may have shown it half of what it does, and waits for this one to end.
  if (turn_.is_taken()) return absl::OkStatus();
  ENGRAM_RETURN_IF_ERROR(engine.status());
  MutexLock lock(&mutex_);
  backups_ = std::move(backups);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Backup>> BackupStore::Backups() const {
  if (!turn_.is_taken()) ENGRAM_RETURN_IF_ERROR(Refresh());
  MutexLock lock(&mutex_);
  return backups_;
}

void BackupStore::HaveChanged(const std::string& name, const BackupEngine& engine) {
  cache_.Forget(name);
  MutexLock refresh_lock(&refresh_mutex_);
  std::vector<Backup> backups = engine.List();
  MutexLock lock(&mutex_);
  backups_ = std::move(backups);
}

DatabaseOptions BackupStore::OptionsOf(const Backup& backup) const {
  DatabaseOptions options = database_->options();
  options.data_dir = backup.folder;
  options.env = backup.env;
  return options;
}

SnapshotInfo BackupStore::InfoOf(const Backup& backup) const {
  if (!backup.info.status.ok()) return backup.info;
  return cache_.Get(backup.info.name, [&] { return ReadSnapshotInfo(OptionsOf(backup), backup.info); });
}

absl::StatusOr<SnapshotInfo> BackupStore::Create(const std::string& name, const ProgressVisitor& progress) {
  ENGRAM_RETURN_IF_ERROR(CheckNewSnapshotName(name));
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotTurn::Turn turn, turn_.Take());
  ENGRAM_ASSIGN_OR_RETURN(const auto engine, OpenEngine(BackupEngine::Access::kRead));
  if (FindIn(engine->List(), name).ok()) return SnapshotExists(name);
  const std::string temporary =
      absl::StrCat(SnapshotsFolder(database_->options().data_dir), "/", kTemporaryName);
  const absl::Status created = CreateFrom(temporary, name, progress);
  // What cannot be removed now, the next start removes.
  RemoveFolder(database_->files(), temporary).PermitUncheckedError();
  ENGRAM_RETURN_IF_ERROR(created);
  ENGRAM_CRASHPOINT("backup/after_copy");
  return CheckCreated(name);
}

absl::StatusOr<SnapshotInfo> BackupStore::CheckCreated(const std::string& name) {
  ENGRAM_ASSIGN_OR_RETURN(const auto engine, OpenEngine(BackupEngine::Access::kWrite));
  ENGRAM_ASSIGN_OR_RETURN(const Backup backup, FindIn(engine->List(), name));
  cache_.Forget(name);
  SnapshotInfo info = InfoOf(backup);
  if (!info.status.ok()) {
    // A file that it shares with older ones was damaged before.
    const absl::Status checked = engine->CheckBytes(backup.id, [](int64_t) { return absl::OkStatus(); });
    ENGRAM_RETURN_IF_ERROR(engine->Delete(backup.id));
    HaveChanged(name, *engine);
    return WithFile(info.status, checked);
  }
  HaveChanged(name, *engine);
  return info;
}

absl::Status BackupStore::CreateFrom(const std::string& temporary, const std::string& name,
                                     const ProgressVisitor& progress) const {
  rocksdb::FileSystem* const files = database_->files();
  ENGRAM_RETURN_IF_ERROR(progress(0, 0));
  rocksdb::IOStatus status = RemoveFolder(files, temporary);
  if (status.ok()) status = MakeFolder(files, ParentFolder(temporary));
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(status, temporary));
  const absl::Time create_time = clock_->Now();
  ENGRAM_RETURN_IF_ERROR(database_->Copy(temporary, create_time));
  DatabaseOptions options = database_->options();
  options.data_dir = temporary;
  options.log = [](LogLevel, const std::string&) {};  // Its errors are this call's.
  ENGRAM_ASSIGN_OR_RETURN(const auto copy, RocksDatabase::Open(options, RocksDatabase::Access::kWrite));
  ENGRAM_ASSIGN_OR_RETURN(const auto engine, OpenEngine(BackupEngine::Access::kWrite));
  ENGRAM_FAILPOINT("backup/before_copy");
  ENGRAM_RETURN_IF_ERROR(CheckSpace());
  // It may be the disk of the data directory, which must not fill up.
  return engine->Create(*copy, name, create_time, [&](int64_t done_bytes, int64_t total_bytes) {
    ENGRAM_RETURN_IF_ERROR(CheckSpace());
    return progress(done_bytes, total_bytes);
  });
}

absl::Status BackupStore::CheckSpace() const {
  uint64_t free_bytes = 0;
  const rocksdb::IOStatus looked = database_->files()->GetFreeSpace(backup_dir_, {}, &free_bytes, nullptr);
  if (!looked.ok()) return absl::OkStatus();  // The copying itself will say what is wrong.
  return CheckFreeSpace(BackupEngine::kProgressBytes, static_cast<int64_t>(free_bytes), min_free_bytes_,
                        "backup directory", "backups");
}

absl::StatusOr<std::vector<SnapshotInfo>> BackupStore::List() const {
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<Backup> backups, Backups());
  std::vector<SnapshotInfo> infos;
  for (auto backup = backups.rbegin(); backup != backups.rend(); ++backup) infos.push_back(InfoOf(*backup));
  return infos;
}

absl::StatusOr<SnapshotInfo> BackupStore::Get(const std::string& name) const {
  ENGRAM_RETURN_IF_ERROR(CheckSnapshotName(name));
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<Backup> backups, Backups());
  ENGRAM_ASSIGN_OR_RETURN(const Backup backup, FindIn(backups, name));
  return InfoOf(backup);
}

absl::StatusOr<std::unique_ptr<StoredSnapshot>> BackupStore::Open(const std::string& name) {
  ENGRAM_RETURN_IF_ERROR(CheckSnapshotName(name));
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotTurn::Turn turn, turn_.Take());
  ENGRAM_ASSIGN_OR_RETURN(const auto engine, OpenEngine(BackupEngine::Access::kRead));
  ENGRAM_ASSIGN_OR_RETURN(const Backup backup, FindIn(engine->List(), name));
  auto opened = OpenNow(*engine, backup, turn);
  if (!absl::IsDataLoss(opened.status()) || !backup.info.status.ok()) return opened;
  return WithFile(opened.status(), engine->CheckBytes(backup.id, [](int64_t) { return absl::OkStatus(); }));
}

absl::StatusOr<std::unique_ptr<StoredSnapshot>> BackupStore::OpenNow(const BackupEngine& engine,
                                                                     const Backup& backup,
                                                                     SnapshotTurn::Turn turn) const {
  ENGRAM_RETURN_IF_ERROR(backup.info.status);
  ENGRAM_RETURN_IF_ERROR(engine.CheckSizes(backup.id));
  return StoredSnapshot::Open(OptionsOf(backup), [turn]() mutable { turn = nullptr; });
}

absl::StatusOr<std::vector<std::string>> BackupStore::Verify(const std::string& name,
                                                             const ProgressVisitor& progress) {
  ENGRAM_RETURN_IF_ERROR(CheckSnapshotName(name));
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotTurn::Turn turn, turn_.Take());
  ENGRAM_ASSIGN_OR_RETURN(const auto engine, OpenEngine(BackupEngine::Access::kRead));
  ENGRAM_ASSIGN_OR_RETURN(const Backup backup, FindIn(engine->List(), name));
  cache_.Forget(name);
  // All bytes for their checksums, then those of the records.
  const int64_t total_bytes = 2 * backup.info.file_bytes;
  ENGRAM_RETURN_IF_ERROR(progress(0, total_bytes));
  std::vector<std::string> findings;
  absl::Status checked = backup.info.status;
  if (checked.ok()) {
    checked =
        engine->CheckBytes(backup.id, [&](int64_t done_bytes) { return progress(done_bytes, total_bytes); });
  }
  if (!checked.ok() && !absl::IsDataLoss(checked)) return checked;
  if (!checked.ok()) findings.emplace_back(checked.message());
  const auto snapshot = OpenNow(*engine, backup, turn);
  if (snapshot.ok()) {
    ENGRAM_ASSIGN_OR_RETURN(const std::vector<std::string> more,
                            CheckRecords(**snapshot, backup.info.file_bytes, total_bytes, progress));
    findings.insert(findings.end(), more.begin(), more.end());
  } else if (!absl::IsDataLoss(snapshot.status())) {
    return snapshot.status();
  } else if (findings.empty()) {
    findings.emplace_back(snapshot.status().message());
  }
  return findings;
}

absl::Status BackupStore::Delete(const std::string& name) {
  ENGRAM_RETURN_IF_ERROR(CheckSnapshotName(name));
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotTurn::Turn turn, turn_.Take());
  ENGRAM_ASSIGN_OR_RETURN(const auto engine, OpenEngine(BackupEngine::Access::kWrite));
  ENGRAM_ASSIGN_OR_RETURN(const Backup backup, FindIn(engine->List(), name));
  ENGRAM_FAILPOINT("backup/before_remove");
  const absl::Status deleted = engine->Delete(backup.id);
  HaveChanged(name, *engine);
  return deleted;
}

}  // namespace engram
