#include "core/storage/checkpoint_store.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/failpoint.h"
#include "core/base/status_macros.h"
#include "core/storage/data_directory.h"
#include "core/storage/folder.h"
#include "core/storage/rocks_status.h"
#include "core/storage/snapshot_check.h"
#include "core/storage/snapshot_errors.h"
#include "core/storage/stored_snapshot.h"

namespace engram {
namespace {

// Without its banks.
SnapshotInfo InfoOf(const SnapshotRecord& record) {
  SnapshotInfo info;
  info.name = record.name;
  info.create_time = record.create_time;
  for (const SnapshotRecord::File& file : record.files) info.file_bytes += file.bytes;
  return info;
}

// What is damaged may be a file of the database too, which must then leave it alone.
void HaveDamage(RocksDatabase* database, absl::string_view text) {
  for (const rocksdb::LiveFileMetaData& table : database->tables()) {
    if (absl::StrContains(text, table.name)) return database->KeepFilesAsTheyAre();
  }
}

}  // namespace

CheckpointStore::CheckpointStore(RocksDatabase* database, const Clock* clock)
    : database_(database), clock_(clock) {}

std::string CheckpointStore::FolderOf(const std::string& name) const {
  return absl::StrCat(SnapshotsFolder(database_->options().data_dir), "/", name);
}

DatabaseOptions CheckpointStore::OptionsOf(const std::string& name) const {
  DatabaseOptions options = database_->options();
  options.data_dir = FolderOf(name);
  return options;
}

bool CheckpointStore::Exists(const std::string& name) const {
  return database_->files()->FileExists(FolderOf(name), {}, nullptr).ok();
}

absl::StatusOr<SnapshotInfo> CheckpointStore::Create(const std::string& name,
                                                     const ProgressVisitor& progress) {
  ENGRAM_RETURN_IF_ERROR(CheckNewSnapshotName(name));
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotTurn::Turn turn, turn_.Take());
  if (Exists(name)) return SnapshotExists(name);
  const std::string temporary = FolderOf(name) + ".tmp";
  const absl::StatusOr<SnapshotInfo> created = CreateIn(temporary, name, progress);
  if (!created.ok()) {
    // What cannot be removed now, the next start removes. The name may have been given, but not durably.
    if (Exists(name)) {
      database_->files()->RenameFile(FolderOf(name), temporary, {}, nullptr).PermitUncheckedError();
    }
    RemoveFolder(database_->files(), temporary).PermitUncheckedError();
    return created.status();
  }
  ENGRAM_CRASHPOINT("snapshot/after_checkpoint");
  cache_.Forget(name);
  return cache_.Get(name, [&] { return *created; });
}

absl::StatusOr<SnapshotInfo> CheckpointStore::CreateIn(const std::string& temporary, const std::string& name,
                                                       const ProgressVisitor& progress) {
  const std::string what = absl::StrCat("making snapshot '", name, "'");
  rocksdb::FileSystem* const files = database_->files();
  rocksdb::Env* const env = EnvOf(database_->options());
  ENGRAM_RETURN_IF_ERROR(progress(0, 0));
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(RemoveFolder(files, temporary), what));
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(MakeFolder(files, ParentFolder(temporary)), what));
  ENGRAM_FAILPOINT("snapshot/before_checkpoint");
  SnapshotRecord record;
  record.name = name;
  record.create_time = clock_->Now();
  ENGRAM_RETURN_IF_ERROR(database_->Copy(temporary, record.create_time));
  ENGRAM_ASSIGN_OR_RETURN(record.files, ListSnapshotFiles(env, temporary));
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(
      rocksdb::WriteStringToFile(env, EncodeSnapshotRecord(record),
                                 absl::StrCat(temporary, "/", kSnapshotRecordName), /*should_sync=*/true),
      what));
  SnapshotInfo info = InfoOf(record);
  ENGRAM_ASSIGN_OR_RETURN(info.banks, ReadCopy(temporary));
  ENGRAM_RETURN_IF_ERROR(progress(info.file_bytes, info.file_bytes));
  rocksdb::IOStatus status = SyncFolder(files, temporary);
  if (status.ok()) status = files->RenameFile(temporary, FolderOf(name), {}, nullptr);
  if (status.ok()) status = SyncFolder(files, ParentFolder(temporary));
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(status, what));
  return info;
}

absl::StatusOr<std::vector<StoredBank>> CheckpointStore::ReadCopy(const std::string& temporary) const {
  DatabaseOptions options = database_->options();
  options.data_dir = temporary;
  const auto copy = StoredSnapshot::Open(options, nullptr);
  if (copy.ok()) return (*copy)->banks();
  if (!absl::IsDataLoss(copy.status())) return copy.status();
  const absl::string_view damage = copy.status().message();
  HaveDamage(database_, damage);
  // The copy goes; what is damaged stays.
  return DataDamaged(absl::StrReplaceAll(damage, {{temporary, database_->options().data_dir}}));
}

absl::StatusOr<std::vector<SnapshotInfo>> CheckpointStore::List() const {
  const std::string folder = SnapshotsFolder(database_->options().data_dir);
  std::vector<SnapshotInfo> infos;
  if (!database_->files()->FileExists(folder, {}, nullptr).ok()) return infos;
  std::vector<std::string> names;
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(ListFolder(database_->files(), folder, &names), folder));
  for (const std::string& name : names) {
    if (!CheckSnapshotName(name).ok()) continue;
    absl::StatusOr<SnapshotInfo> info = Get(name);
    if (info.ok()) infos.push_back(*std::move(info));
  }
  std::sort(infos.begin(), infos.end(), [](const SnapshotInfo& a, const SnapshotInfo& b) {
    return a.create_time != b.create_time ? a.create_time > b.create_time : a.name > b.name;
  });
  return infos;
}

absl::StatusOr<SnapshotInfo> CheckpointStore::Get(const std::string& name) const {
  ENGRAM_RETURN_IF_ERROR(CheckSnapshotName(name));
  if (!Exists(name)) return SnapshotNotFound(name);
  SnapshotInfo info = cache_.Get(name, [&] { return Read(name); });
  if (!Exists(name)) return SnapshotNotFound(name);  // It was deleted meanwhile.
  return info;
}

SnapshotInfo CheckpointStore::Read(const std::string& name) const {
  const absl::StatusOr<SnapshotRecord> record =
      ReadSnapshotRecord(EnvOf(database_->options()), FolderOf(name));
  SnapshotInfo info;
  if (record.ok()) {
    info = ReadSnapshotInfo(OptionsOf(name), InfoOf(*record));
  } else {
    info.create_time = absl::UnixEpoch();
    info.status = record.status();
  }
  info.name = name;
  if (!Exists(name)) info.status = SnapshotNotFound(name);  // Not damage: it was deleted meanwhile.
  if (absl::IsDataLoss(info.status)) HaveDamage(database_, info.status.message());
  return info;
}

absl::StatusOr<std::unique_ptr<StoredSnapshot>> CheckpointStore::Open(const std::string& name) {
  ENGRAM_RETURN_IF_ERROR(CheckSnapshotName(name));
  ENGRAM_ASSIGN_OR_RETURN(SnapshotTurn::Turn turn, turn_.Take());
  return OpenNow(name, std::move(turn));
}

absl::StatusOr<std::unique_ptr<StoredSnapshot>> CheckpointStore::OpenNow(const std::string& name,
                                                                         SnapshotTurn::Turn turn) const {
  if (!Exists(name)) return SnapshotNotFound(name);
  const absl::StatusOr<SnapshotRecord> record =
      ReadSnapshotRecord(EnvOf(database_->options()), FolderOf(name));
  ENGRAM_RETURN_IF_ERROR(record.status());
  return StoredSnapshot::Open(
      OptionsOf(name), [turn]() mutable { turn = nullptr; },
      [database = database_](absl::string_view text) { HaveDamage(database, text); });
}

absl::StatusOr<std::vector<std::string>> CheckpointStore::Verify(const std::string& name,
                                                                 const ProgressVisitor& progress) {
  ENGRAM_RETURN_IF_ERROR(CheckSnapshotName(name));
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotTurn::Turn turn, turn_.Take());
  cache_.Forget(name);
  const absl::StatusOr<std::unique_ptr<StoredSnapshot>> snapshot = OpenNow(name, turn);
  if (absl::IsDataLoss(snapshot.status())) {
    HaveDamage(database_, snapshot.status().message());
    return std::vector<std::string>{std::string(snapshot.status().message())};
  }
  ENGRAM_RETURN_IF_ERROR(snapshot.status());
  const int64_t bytes = (*snapshot)->database().table_bytes();
  ENGRAM_ASSIGN_OR_RETURN(std::vector<std::string> findings, CheckTables(**snapshot, 0, 2 * bytes, progress));
  for (const std::string& finding : findings) HaveDamage(database_, finding);
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<std::string> more,
                          CheckRecords(**snapshot, bytes, 2 * bytes, progress));
  findings.insert(findings.end(), more.begin(), more.end());
  return findings;
}

absl::Status CheckpointStore::Delete(const std::string& name) {
  ENGRAM_RETURN_IF_ERROR(CheckSnapshotName(name));
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotTurn::Turn turn, turn_.Take());
  if (!Exists(name)) return SnapshotNotFound(name);
  const std::string what = absl::StrCat("deleting snapshot '", name, "'");
  const std::string temporary = FolderOf(name) + ".tmp";
  rocksdb::FileSystem* const files = database_->files();
  rocksdb::IOStatus status = RemoveFolder(files, temporary);
  if (status.ok()) {
    ENGRAM_FAILPOINT("snapshot/before_remove");
    status = files->RenameFile(FolderOf(name), temporary, {}, nullptr);
  }
  if (status.ok()) status = SyncFolder(files, ParentFolder(temporary));
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(status, what));
  cache_.Forget(name);
  const rocksdb::IOStatus removed = RemoveFolder(files, temporary);
  if (!removed.ok()) {
    database_->options().log(LogLevel::kWarning,
                             absl::StrCat(what, ": ", removed.ToString(), "; the next start tries again"));
  }
  return absl::OkStatus();
}

}  // namespace engram
