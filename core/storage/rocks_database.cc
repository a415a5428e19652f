#include "core/storage/rocks_database.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/status_macros.h"
#include "core/storage/database_health.h"
#include "core/storage/free_space.h"
#include "core/storage/rocks_options.h"
#include "core/storage/rocks_status.h"
#include "rocksdb/convenience.h"
#include "rocksdb/env.h"
#include "rocksdb/experimental.h"
#include "rocksdb/file_system.h"

namespace engram {
namespace {

constexpr absl::Duration kResumeInterval = absl::Seconds(1);

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
      health_(std::make_shared<DatabaseHealth>(options_.log)) {}

absl::Status RocksDatabase::OpenDb(Access access) {
  rocksdb::DBOptions db_options = MakeDbOptions(EnvOf(options_), options_.log, write_buffer_bytes_);
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
  if (!healthy()) TryResume(now);
  if (!compacts_.exchange(true)) StartCompactions();
  uint64_t free_bytes = 0;
  const rocksdb::IOStatus looked = files()->GetFreeSpace(options_.data_dir, {}, &free_bytes, nullptr);
  if (!looked.ok()) return absl::OkStatus();  // The write itself will say what is wrong.
  const int64_t min_free_bytes = makes_room ? min_free_bytes_ / 2 : min_free_bytes_;
  return CheckFreeSpace(bytes, static_cast<int64_t>(free_bytes), min_free_bytes);
}

absl::Status RocksDatabase::Write(rocksdb::WriteBatch* batch, bool sync, absl::string_view what) {
  ++writers_;
  const rocksdb::Status written = db_->Write(MakeWriteOptions(sync), batch);
  if (--writers_ == 0 && written.ok()) Seal();
  return ToWriteStatus(written, what);
}

void RocksDatabase::Seal() {
  rocksdb::WriteBatch seal;
  seal.PutLogData("").PermitUncheckedError();
  // The write before it is durable without it.
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
  const rocksdb::Status resumed = db_->Resume();
  if (resumed.ok()) return health_->Recovered();
  options_.log(LogLevel::kWarning, absl::StrCat("storage: still read-only: ", resumed.ToString()));
}

void RocksDatabase::StartCompactions() {
  const rocksdb::Status started = db_->EnableAutoCompaction({banks(), patterns()});
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
  if (!compacts_.exchange(true)) return;  // They have not begun.
  db_->SetOptions(patterns(), {{"disable_auto_compactions", "true"}}).PermitUncheckedError();
}

rocksdb::Options RocksDatabase::patterns_options() const { return db_->GetOptions(patterns()); }
rocksdb::Options RocksDatabase::banks_options() const { return db_->GetOptions(banks()); }
rocksdb::FileSystem* RocksDatabase::files() const { return db_->GetFileSystem(); }

}  // namespace engram
