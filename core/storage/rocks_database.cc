#include "core/storage/rocks_database.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/storage/byte_record.h"
#include "core/storage/database_health.h"
#include "core/storage/free_space.h"
#include "core/storage/log_check.h"
#include "core/storage/log_room.h"
#include "core/storage/rocks_options.h"
#include "core/storage/rocks_status.h"
#include "rocksdb/convenience.h"
#include "rocksdb/env.h"
#include "rocksdb/experimental.h"
#include "rocksdb/file_system.h"

namespace engram {
namespace {

constexpr absl::Duration kResumeInterval = absl::Seconds(1);
constexpr absl::Duration kMakeRoomInterval = absl::Seconds(1);
// What a compaction of replaced patterns may write before it deletes anything: RocksDB's base level. Where so
// much more is free nobody asks how large it is.
constexpr int64_t kMostCompactionBytes = int64_t{256} << 20;
constexpr int64_t kEnoughFreeBytes = int64_t{2} << 30;
// Operations, after which a seal is written though others are at work.
constexpr uint64_t kMostUnsealed = 1000;

// Says which table files cannot be read: RocksDB does not name them all.
std::string DamagedTables(rocksdb::Env* env, const std::string& data_dir) {
  std::vector<std::string> names;
  env->GetChildren(data_dir, &names).PermitUncheckedError();
  rocksdb::Options options;
  options.env = env;
  std::vector<std::string> damaged;
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".sst")) continue;
    const std::string path = absl::StrCat(data_dir, "/", name);
    if (!rocksdb::VerifySstFileChecksum(options, rocksdb::EnvOptions(), path).ok()) damaged.push_back(path);
  }
  return damaged.empty() ? "" : absl::StrCat(" with damaged files ", absl::StrJoin(damaged, ", "));
}

// The number of the last operation of a batch that was written.
uint64_t LastNumber(const rocksdb::WriteBatch& batch) {
  ByteReader header(batch.Data());
  const uint64_t first = header.U64();
  return first + std::max<uint32_t>(header.U32(), 1) - 1;
}

std::string Opening(const std::string& data_dir) { return absl::StrCat("data directory ", data_dir); }

}  // namespace

rocksdb::Env* EnvOf(const DatabaseOptions& options) {
  return options.env ? options.env.get() : rocksdb::Env::Default();
}

absl::StatusOr<std::unique_ptr<RocksDatabase>> RocksDatabase::Open(DatabaseOptions options, Access access) {
  std::unique_ptr<RocksDatabase> database(new RocksDatabase(std::move(options)));
  ENGRAM_RETURN_IF_ERROR(database->OpenDb(access));
  return database;
}

RocksDatabase::RocksDatabase(DatabaseOptions options)
    : options_(std::move(options)),
      write_buffer_bytes_(WriteBufferBytes(VolumeBytes(options_.data_dir))),
      min_free_bytes_(options_.min_free_bytes.value_or(MinFreeBytes(VolumeBytes(options_.data_dir)))),
      health_(std::make_shared<DatabaseHealth>(options_.log)),
      env_(MakeLogRoomEnv(EnvOf(options_))) {}

absl::Status RocksDatabase::OpenDb(Access access) {
  rocksdb::DBOptions db_options = MakeDbOptions(env_.get(), options_.log, write_buffer_bytes_);
  db_options.listeners.push_back(health_);
  const std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, MakeBanksOptions()},
      {kBanksFamily, MakeBanksOptions()},
      {kPatternsFamily, MakePatternsOptions(write_buffer_bytes_)}};
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      access == Access::kWrite
          ? rocksdb::DB::Open(db_options, options_.data_dir, families, &families_, &db)
          : rocksdb::DB::OpenForReadOnly(db_options, options_.data_dir, families, &families_, &db);
  db_.reset(db);
  if (IsDiskFull(opened)) return ToWriteStatus(opened, Opening(options_.data_dir));
  std::string what = Opening(options_.data_dir);
  if (opened.IsCorruption()) absl::StrAppend(&what, DamagedTables(EnvOf(options_), options_.data_dir));
  if (opened.ok()) db_->GetDbIdentity(identity_).PermitUncheckedError();
  return ToReadStatus(opened, what);
}

RocksDatabase::~RocksDatabase() {
  if (db_ == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* family : families_) {
    db_->DestroyColumnFamilyHandle(family).PermitUncheckedError();
  }
  if (const rocksdb::Status closed = db_->Close(); !closed.ok()) {
    options_.log(LogLevel::kWarning, absl::StrCat("storage: closing: ", closed.ToString()));
  }
}

absl::StatusOr<std::vector<std::string>> RocksDatabase::ListFamilies(const DatabaseOptions& options) {
  std::vector<std::string> families;
  const rocksdb::DBOptions db_options = MakeDbOptions(EnvOf(options), options.log, WriteBufferBytes(0));
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(
      rocksdb::DB::ListColumnFamilies(db_options, options.data_dir, &families), Opening(options.data_dir)));
  return families;
}

absl::Status RocksDatabase::PrepareWrite(int64_t bytes, bool makes_room, absl::Time now) {
  uint64_t free_bytes = 0;
  const rocksdb::IOStatus looked = files()->GetFreeSpace(options_.data_dir, {}, &free_bytes, nullptr);
  const int64_t room_to_recover = min_free_bytes_ / 2;
  if (!healthy() && (!looked.ok() || static_cast<int64_t>(free_bytes) >= room_to_recover)) TryResume(now);
  if (!looked.ok()) return absl::OkStatus();  // The write itself will say what is wrong.
  const int64_t min_free_bytes = makes_room ? room_to_recover : min_free_bytes_ + CompactionBytes(free_bytes);
  const absl::Status room = CheckFreeSpace(bytes, static_cast<int64_t>(free_bytes), min_free_bytes);
  // Where there is room for tables that hold what the logs do.
  if (!room.ok() && healthy() && static_cast<int64_t>(free_bytes) > 2 * write_buffer_bytes_) MakeRoom(now);
  return room;
}

int64_t RocksDatabase::CompactionBytes(uint64_t free_bytes) const {
  if (min_free_bytes_ == 0 || static_cast<int64_t>(free_bytes) > kEnoughFreeBytes) return 0;
  uint64_t live_bytes = 0;
  db_->GetIntProperty(patterns(), rocksdb::DB::Properties::kEstimateLiveDataSize, &live_bytes);
  return std::min(static_cast<int64_t>(live_bytes), kMostCompactionBytes);
}

void RocksDatabase::MakeRoom(absl::Time now) {
  {
    MutexLock lock(&mutex_);
    if (now < next_room_) return;
    next_room_ = now + kMakeRoomInterval;
  }
  rocksdb::FlushOptions options;
  options.wait = false;
  options.allow_write_stall = true;  // Or this refused write waits for compactions.
  rocksdb::Status begun = db_->Flush(options, {banks(), patterns()});
  // Of what was replaced RocksDB would wait for more.
  if (begun.ok()) begun = rocksdb::experimental::SuggestCompactRange(db_.get(), patterns(), nullptr, nullptr);
  if (begun.ok()) return;
  options_.log(LogLevel::kWarning, absl::StrCat("storage: making room: ", begun.ToString()));
}

absl::Status RocksDatabase::Write(rocksdb::WriteBatch* batch, bool sync, absl::string_view what) {
  ++writers_;
  // Before writing: the batch comes into this log or a later one.
  std::unique_ptr<rocksdb::LogFile> log;
  if (sync) db_->GetCurrentWalFile(&log).PermitUncheckedError();
  const rocksdb::Status written = db_->Write(MakeWriteOptions(sync), batch);
  const bool is_last = --writers_ == 0;
  if (!written.ok()) return ToWriteStatus(written, what);
  if (sync) HaveSynced({LastNumber(*batch), log == nullptr ? 0 : log->LogNumber()});
  Seal(is_last);
  return absl::OkStatus();
}

absl::Status RocksDatabase::Sync(absl::string_view what) {
  const uint64_t number = db_->GetLatestSequenceNumber();
  // Not SyncWAL: it aborts a RocksDB built with assertions if another thread's write has just failed.
  rocksdb::WriteBatch nothing;
  nothing.PutLogData("").PermitUncheckedError();
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(db_->Write(MakeWriteOptions(/*sync=*/true), &nothing), what));
  HaveSynced({number, 0});
  return absl::OkStatus();
}

void RocksDatabase::HaveSynced(Synced synced) {
  MutexLock lock(&seal_mutex_);
  if (synced.through > synced_.through) synced_ = synced;
}

void RocksDatabase::Seal(bool is_quiet) {
  Synced synced;
  {
    MutexLock lock(&seal_mutex_);
    if (synced_.through <= sealed_through_ + (is_quiet ? 0 : kMostUnsealed)) return;
    synced = synced_;
    sealed_through_ = synced.through;
  }
  rocksdb::WriteBatch seal;
  seal.PutLogData(LogSeal(identity_, synced)).PermitUncheckedError();
  // The writes before it are durable without it.
  db_->Write(MakeWriteOptions(/*sync=*/false), &seal).PermitUncheckedError();
}

bool RocksDatabase::healthy() const { return health_->healthy(); }

void RocksDatabase::TryResume(absl::Time now) {
  if (!health_->MayRecover()) return;
  {
    MutexLock lock(&mutex_);
    if (now < next_resume_) return;
    next_resume_ = now + kResumeInterval;
  }
  // One at a time: while another resumes, the buffers are empty because they are being written out.
  if (is_resuming_.exchange(true)) return;
  Resume();
  is_resuming_ = false;
}

void RocksDatabase::Resume() {
  const int64_t log_errors = health_->log_errors();
  if (health_->is_log_broken() && BuffersAreEmpty()) {
    health_->GiveUpRecovery();
    options_.log(LogLevel::kError,
                 "storage: writes are refused until the server is started anew: its log broke off");
    return;
  }
  const int64_t errors = health_->errors();
  const rocksdb::Status resumed = db_->Resume();
  // A buffer was not empty, and with it the log was replaced.
  health_->ReplacedLog(log_errors);
  if (resumed.ok()) return health_->Recovered(errors);
  options_.log(LogLevel::kWarning, absl::StrCat("storage: still read-only: ", resumed.ToString()));
}

bool RocksDatabase::BuffersAreEmpty() const {
  return std::all_of(families_.begin(), families_.end(), [this](rocksdb::ColumnFamilyHandle* family) {
    uint64_t count = 0;
    return db_->GetIntProperty(family, rocksdb::DB::Properties::kNumEntriesActiveMemTable, &count) &&
           count == 0;
  });
}

void RocksDatabase::StartCompactions() {
  MutexLock lock(&compactions_mutex_);
  if (std::exchange(compacts_, true)) return;
  const rocksdb::Status started =
      keeps_files_ ? db_->EnableAutoCompaction({banks()}) : db_->EnableAutoCompaction({banks(), patterns()});
  if (!started.ok()) {
    options_.log(LogLevel::kWarning, absl::StrCat("storage: no compactions: ", started.ToString()));
  }
}

void RocksDatabase::DropFiles(const std::string& begin, const std::string& end) {
  const rocksdb::Slice begin_slice(begin);
  const rocksdb::Slice end_slice(end);
  const rocksdb::RangePtr range(&begin_slice, &end_slice);
  const rocksdb::Status dropped =
      rocksdb::DeleteFilesInRanges(db_.get(), patterns(), &range, 1, /*include_end=*/false);
  if (dropped.ok()) return;
  // Its MANIFEST is behind what is in memory, and it does not know: getting over a later error would abort.
  health_->GiveUpRecovery();
  options_.log(LogLevel::kWarning, absl::StrCat("storage: dropping files: ", dropped.ToString()));
}

void RocksDatabase::SuggestCompaction(const std::string& begin, const std::string& end) {
  const rocksdb::Slice begin_slice(begin);
  const rocksdb::Slice end_slice(end);
  const rocksdb::Status suggested =
      rocksdb::experimental::SuggestCompactRange(db_.get(), patterns(), &begin_slice, &end_slice);
  if (suggested.ok()) return;
  options_.log(LogLevel::kWarning, absl::StrCat("storage: no compaction: ", suggested.ToString()));
}

void RocksDatabase::KeepFilesAsTheyAre() {
  MutexLock lock(&compactions_mutex_);
  if (std::exchange(keeps_files_, true) || !compacts_) return;
  db_->SetOptions(patterns(), {{"disable_auto_compactions", "true"}}).PermitUncheckedError();
}

rocksdb::Options RocksDatabase::patterns_options() const { return db_->GetOptions(patterns()); }
rocksdb::Options RocksDatabase::banks_options() const { return db_->GetOptions(banks()); }
rocksdb::FileSystem* RocksDatabase::files() const { return db_->GetFileSystem(); }

std::vector<rocksdb::LiveFileMetaData> RocksDatabase::tables() const {
  std::vector<rocksdb::LiveFileMetaData> tables;
  db_->GetLiveFilesMetaData(&tables);
  return tables;
}

int64_t RocksDatabase::table_bytes() const {
  int64_t bytes = 0;
  for (const rocksdb::LiveFileMetaData& table : tables()) bytes += static_cast<int64_t>(table.size);
  return bytes;
}

}  // namespace engram
