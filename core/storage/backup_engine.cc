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

  // The engine has one thread that copies, so that it is called once at a time.
  void Advance() ABSL_LOCKS_EXCLUDED(mutex_) {
    if (!status().ok()) return;
    done_bytes_ = std::min(done_bytes_ + BackupEngine::kProgressBytes, total_bytes_);
    absl::Status status = visitor_(done_bytes_, total_bytes_);
    if (status.ok()) return;
    engine_->StopBackup();
    MutexLock lock(&mutex_);
    status_ = std::move(status);
  }
  absl::Status status() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return status_;
  }

 private:
  const ProgressVisitor& visitor_;
  const int64_t total_bytes_;
  rocksdb::BackupEngine* const engine_;
  int64_t done_bytes_ = 0;  // Of the copying thread.
  mutable Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

// FAILED_PRECONDITION: the record is a newer Engram's. DATA_LOSS: there is none.
absl::Status TakeRecord(const std::string& metadata, SnapshotInfo* info) {
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotRecord record, DecodeSnapshotRecord(metadata));
  if (!CheckSnapshotName(record.name).ok()) return DataDamaged("the record of a snapshot has no name");
  info->name = record.name;
  info->create_time = record.create_time;
  return absl::OkStatus();
}

// Keeps files and environment of an engine for who reads a backup after it.
struct BackupEnv {
  std::shared_ptr<rocksdb::Env> of_engine;
  std::shared_ptr<rocksdb::Env> of_backup;
};

SnapshotInfo NamelessInfo(rocksdb::BackupID id) {
  SnapshotInfo info;
  info.name = absl::StrCat(kUnreadablePrefix, id);
  info.create_time = absl::UnixEpoch();
  return info;
}

}  // namespace

BackupEngine::BackupEngine(rocksdb::Env* env, std::string backup_dir, const StorageLog& log)
    : backup_dir_(std::move(backup_dir)),
      files_(std::make_shared<BackupFiles>(env->GetFileSystem(), backup_dir_)),
      env_(rocksdb::NewCompositeEnv(files_)),
      logger_(std::make_unique<RocksLogger>(log)) {}

absl::StatusOr<std::unique_ptr<BackupEngine>> BackupEngine::Open(rocksdb::Env* env,
                                                                 const std::string& backup_dir,
                                                                 const StorageLog& log, Access access) {
  std::unique_ptr<BackupEngine> engine(new BackupEngine(env, backup_dir, log));
  rocksdb::BackupEngineOptions options(backup_dir, engine->env_.get());
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
    const absl::Status taken = TakeRecord(info.app_metadata, &backup.info);
    if (!taken.ok()) {
      const std::string text = absl::StrCat(MetaFile(info.backup_id), ": ", taken.message());
      backup.info.status = absl::IsDataLoss(taken) ? DataDamaged(text) : absl::FailedPreconditionError(text);
    }
    backup.info.file_bytes = static_cast<int64_t>(info.size);
    backup.folder = info.name_for_open;
    const auto env = std::make_shared<BackupEnv>(BackupEnv{env_, info.env_for_open});
    backup.env = std::shared_ptr<rocksdb::Env>(env, env->of_backup.get());
    backups.push_back(std::move(backup));
  }
  for (const rocksdb::BackupID id : DamagedIds()) backups.push_back(DamagedBackup(id));
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
  rocksdb::ReadFileToString(env_.get(), MetaFile(id), &meta).PermitUncheckedError();
  for (const absl::string_view line : absl::StrSplit(meta, '\n')) {
    constexpr absl::string_view kMetadata = "metadata ";
    if (absl::StartsWith(line, kMetadata)) {
      // Or it stays nameless.
      TakeRecord(absl::HexStringToBytes(line.substr(kMetadata.size())), &backup.info).IgnoreError();
    }
  }
  return backup;
}

absl::Status BackupEngine::Create(const RocksDatabase& database, const std::string& name,
                                  absl::Time create_time, const ProgressVisitor& progress) {
  const int64_t total_bytes = database.table_bytes();
  CopyProgress copied(progress, total_bytes, writer_.get());
  rocksdb::CreateBackupOptions options;
  options.flush_before_backup = true;
  options.progress_callback = [&copied] { copied.Advance(); };
  const std::string record = EncodeSnapshotRecord({name, create_time, {}});
  // The engine would take them for what is left of the one that failed.
  files_->Keep(FilesOfDamaged());
  const rocksdb::IOStatus status =
      writer_->CreateNewBackupWithMetadata(options, database.db(), record, nullptr);
  files_->Keep({});
  if (status.ok()) return absl::OkStatus();  // Stopped or not: it was done by then.
  ENGRAM_RETURN_IF_ERROR(copied.status());
  const std::string what = absl::StrCat("backing up to ", backup_dir_, " as '", name, "'");
  if (status.IsCorruption()) return DataDamaged(absl::StrCat(what, ": ", status.ToString()));
  return ToWriteStatus(status, what);
}

std::vector<rocksdb::BackupID> BackupEngine::DamagedIds() const {
  std::vector<rocksdb::BackupID> ids;
  reader().GetCorruptedBackups(&ids);
  return ids;
}

std::set<std::string> BackupEngine::FilesOfDamaged() const {
  const std::vector<rocksdb::BackupID> ids = DamagedIds();
  if (ids.empty()) return {};
  std::vector<std::string> folders = {absl::StrCat(backup_dir_, "/shared_checksum")};
  for (const rocksdb::BackupID id : ids) folders.push_back(absl::StrCat(backup_dir_, "/private/", id));
  std::set<std::string> paths;
  for (const std::string& folder : folders) {
    std::vector<std::string> names;
    ListFolder(files_.get(), folder, &names).PermitUncheckedError();  // There may be none.
    for (const std::string& name : names) paths.insert(absl::StrCat(folder, "/", name));
  }
  return paths;
}

absl::Status BackupEngine::Delete(rocksdb::BackupID id) {
  rocksdb::IOStatus status = writer_->DeleteBackup(id);
  for (const char* folder : {"/private", "/shared_checksum"}) {
    if (status.ok()) status = SyncFolder(files_.get(), backup_dir_ + folder);
  }
  return ToWriteStatus(status, absl::StrCat("deleting backup ", id, " in ", backup_dir_));
}

absl::Status BackupEngine::RemoveLeftovers() {
  const std::string meta = absl::StrCat(backup_dir_, "/meta");
  std::vector<std::string> names;
  rocksdb::IOStatus status = ListFolder(files_.get(), meta, &names);
  for (const std::string& name : names) {
    if (!status.ok() || !absl::EndsWith(name, ".tmp")) continue;
    status = files_->DeleteFile(absl::StrCat(meta, "/", name), {}, nullptr);
  }
  if (status.ok() && DamagedIds().empty()) status = writer_->GarbageCollect();
  return ToWriteStatus(status, absl::StrCat("backup directory ", backup_dir_));
}

absl::Status BackupEngine::CheckSizes(rocksdb::BackupID id) const {
  return ToReadStatus(reader().VerifyBackup(id, /*verify_with_checksum=*/false), What(id));
}

absl::Status BackupEngine::CheckBytes(rocksdb::BackupID id,
                                      const std::function<absl::Status(int64_t done_bytes)>& visitor) const {
  int64_t done_bytes = 0;
  absl::Status visited;
  files_->VisitReads([&](int64_t bytes) {
    done_bytes += bytes;
    visited = visitor(done_bytes);
    return visited.ok() ? rocksdb::IOStatus::OK() : rocksdb::IOStatus::Aborted("stopped");
  });
  const rocksdb::IOStatus checked = reader().VerifyBackup(id, /*verify_with_checksum=*/true);
  files_->VisitReads(nullptr);
  ENGRAM_RETURN_IF_ERROR(visited);
  return ToReadStatus(checked, What(id));
}

std::string BackupEngine::What(rocksdb::BackupID id) const {
  return absl::StrCat("backup ", id, " in ", backup_dir_);
}

}  // namespace engram
