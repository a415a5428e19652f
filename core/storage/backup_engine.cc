#include "core/storage/backup_engine.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/storage/folder.h"
#include "core/storage/rocks_logger.h"
#include "core/storage/rocks_status.h"
#include "core/storage/snapshot_record.h"
#include "rocksdb/db.h"

namespace engram {
namespace {

// Passes on how far the engine is, which calls it from a thread of its own, and stops it if that is an error.
class CopyProgress {
 public:
  CopyProgress(const ProgressVisitor& visitor, int64_t total_bytes, rocksdb::BackupEngine* engine)
      : visitor_(visitor), total_bytes_(total_bytes), engine_(engine) {}

  void Advance() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    if (!status_.ok()) return;
    done_bytes_ = std::min(done_bytes_ + BackupEngine::kProgressBytes, total_bytes_);
    status_ = visitor_(done_bytes_, total_bytes_);
    if (!status_.ok()) engine_->StopBackup();
  }
  absl::Status status() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return status_;
  }

 private:
  const ProgressVisitor& visitor_;
  const int64_t total_bytes_;
  rocksdb::BackupEngine* const engine_;
  mutable Mutex mutex_;
  int64_t done_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

int64_t TableBytes(rocksdb::DB* db) {
  std::vector<rocksdb::LiveFileMetaData> tables;
  db->GetLiveFilesMetaData(&tables);
  int64_t bytes = 0;
  for (const rocksdb::LiveFileMetaData& table : tables) bytes += static_cast<int64_t>(table.size);
  return bytes;
}

// False: there is no record in it.
bool TakeRecord(const std::string& metadata, SnapshotInfo* info) {
  const absl::StatusOr<SnapshotRecord> record = DecodeSnapshotRecord(metadata);
  if (!record.ok() || !CheckSnapshotName(record->name).ok()) return false;
  info->name = record->name;
  info->create_time = record->create_time;
  return true;
}

SnapshotInfo NamelessInfo(rocksdb::BackupID id) {
  SnapshotInfo info;
  info.name = absl::StrCat("unreadable-", id);
  info.create_time = absl::UnixEpoch();
  return info;
}

}  // namespace

BackupEngine::BackupEngine(rocksdb::Env* env, std::string backup_dir, const StorageLog& log)
    : env_(env), backup_dir_(std::move(backup_dir)), logger_(std::make_unique<RocksLogger>(log)) {}

absl::StatusOr<std::unique_ptr<BackupEngine>> BackupEngine::Open(rocksdb::Env* env,
                                                                 const std::string& backup_dir,
                                                                 const StorageLog& log, Access access) {
  std::unique_ptr<BackupEngine> engine(new BackupEngine(env, backup_dir, log));
  rocksdb::BackupEngineOptions options(backup_dir, env);
  options.info_log = engine->logger_.get();
  options.sync = true;
  options.callback_trigger_interval_size = kProgressBytes;
  rocksdb::BackupEngine* writer = nullptr;
  rocksdb::BackupEngineReadOnly* reader = nullptr;
  const rocksdb::IOStatus opened = access == Access::kWrite
                                       ? rocksdb::BackupEngine::Open(options, env, &writer)
                                       : rocksdb::BackupEngineReadOnly::Open(options, env, &reader);
  engine->writer_.reset(writer);
  engine->reader_.reset(reader);
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(opened, absl::StrCat("backup directory ", backup_dir)));
  return engine;
}

rocksdb::BackupEngineReadOnlyBase& BackupEngine::reader() const {
  if (reader_ != nullptr) return *reader_;
  return *writer_;
}

std::string BackupEngine::MetaFile(rocksdb::BackupID id) const {
  return absl::StrCat(backup_dir_, "/meta/", id);
}

std::vector<Backup> BackupEngine::List() const {
  std::vector<rocksdb::BackupInfo> found;
  reader().GetBackupInfo(&found, /*include_file_details=*/true);
  std::vector<Backup> backups;
  for (const rocksdb::BackupInfo& info : found) {
    Backup backup;
    backup.id = info.backup_id;
    backup.info = NamelessInfo(info.backup_id);
    if (!TakeRecord(info.app_metadata, &backup.info)) {
      backup.info.status =
          DataDamaged(absl::StrCat(MetaFile(info.backup_id), " holds no record of a snapshot"));
    }
    backup.info.file_bytes = static_cast<int64_t>(info.size);
    backup.folder = info.name_for_open;
    backup.env = info.env_for_open;
    backups.push_back(std::move(backup));
  }
  std::vector<rocksdb::BackupID> damaged;
  reader().GetCorruptedBackups(&damaged);
  for (const rocksdb::BackupID id : damaged) backups.push_back(DamagedBackup(id));
  std::sort(backups.begin(), backups.end(), [](const Backup& a, const Backup& b) { return a.id < b.id; });
  return backups;
}

// The engine says nothing of it but why; its name stands in its meta file, in a line of its own.
Backup BackupEngine::DamagedBackup(rocksdb::BackupID id) const {
  Backup backup;
  backup.id = id;
  backup.info = NamelessInfo(id);
  rocksdb::BackupInfo nothing;
  const rocksdb::Status why = reader().GetBackupInfo(id, &nothing);
  backup.info.status = DataDamaged(absl::StrCat(MetaFile(id), ": ", why.ToString()));
  std::string meta;
  rocksdb::ReadFileToString(env_, MetaFile(id), &meta).PermitUncheckedError();
  for (const absl::string_view line : absl::StrSplit(meta, '\n')) {
    constexpr absl::string_view kMetadata = "metadata ";
    if (absl::StartsWith(line, kMetadata)) {
      (void)TakeRecord(absl::HexStringToBytes(line.substr(kMetadata.size())), &backup.info);  // Or nameless.
    }
  }
  return backup;
}

absl::Status BackupEngine::Create(rocksdb::DB* db, const std::string& name, absl::Time create_time,
                                  const ProgressVisitor& progress) {
  const int64_t total_bytes = TableBytes(db);
  CopyProgress copied(progress, total_bytes, writer_.get());
  rocksdb::CreateBackupOptions options;
  options.flush_before_backup = true;
  options.progress_callback = [&copied] { copied.Advance(); };
  const std::string record = EncodeSnapshotRecord({name, create_time, {}});
  const rocksdb::IOStatus status = writer_->CreateNewBackupWithMetadata(options, db, record, nullptr);
  ENGRAM_RETURN_IF_ERROR(copied.status());
  const std::string what = absl::StrCat("backing up to ", backup_dir_, " as '", name, "'");
  if (status.IsCorruption()) return DataDamaged(absl::StrCat(what, ": ", status.ToString()));
  return ToWriteStatus(status, what);
}

absl::Status BackupEngine::Delete(rocksdb::BackupID id) {
  rocksdb::IOStatus status = writer_->DeleteBackup(id);
  rocksdb::FileSystem* const files = env_->GetFileSystem().get();
  for (const char* folder : {"/meta", "/private", "/shared_checksum"}) {
    if (status.ok()) status = SyncFolder(files, backup_dir_ + folder);
  }
  return ToWriteStatus(status, absl::StrCat("deleting backup ", id, " in ", backup_dir_));
}

absl::Status BackupEngine::RemoveLeftovers() {
  std::vector<rocksdb::BackupID> damaged;
  reader().GetCorruptedBackups(&damaged);
  if (!damaged.empty()) return absl::OkStatus();
  return ToWriteStatus(writer_->GarbageCollect(), absl::StrCat("backup directory ", backup_dir_));
}

absl::Status BackupEngine::Check(rocksdb::BackupID id, bool with_checksums) const {
  return ToReadStatus(reader().VerifyBackup(id, with_checksums),
                      absl::StrCat("backup ", id, " in ", backup_dir_));
}

}  // namespace engram
