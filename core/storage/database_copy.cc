// RocksDatabase::Ingest and Copy, which must not meet: a copy has the files of one moment and the log of a
// later one, so that of a table ingested in between and a write behind it, it would have the write alone.

#include <memory>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/copied_logs.h"
#include "core/storage/rocks_database.h"
#include "core/storage/rocks_status.h"
#include "rocksdb/utilities/checkpoint.h"

namespace engram {
namespace {

// What the copy takes up but for links: the logs, at most.
int64_t LogBytes(rocksdb::DB* db) {
  rocksdb::VectorLogPtr logs;
  db->GetSortedWalFiles(logs).PermitUncheckedError();
  int64_t bytes = 0;
  for (const auto& log : logs) bytes += static_cast<int64_t>(log->SizeFileBytes());
  return bytes;
}

}  // namespace

absl::Status RocksDatabase::Ingest(const std::vector<rocksdb::IngestExternalFileArg>& tables,
                                   absl::string_view what) {
  { MutexLock turnstile(&copy_mutex_); }  // Waits for a copy that waits for others.
  ReaderMutexLock lock(&ingest_mutex_);
  return ToWriteStatus(db_->IngestExternalFiles(tables), what);
}

absl::Status RocksDatabase::Copy(const std::string& folder, absl::Time now) {
  const std::string what = absl::StrCat("copying the database to ", folder);
  ENGRAM_RETURN_IF_ERROR(PrepareWrite(LogBytes(db_.get()), /*makes_room=*/false, now));
  // No write waits for this one. RocksDB flushes again, what came meanwhile. Without waiting for compactions,
  // which may not have begun.
  rocksdb::FlushOptions flush;
  flush.allow_write_stall = true;
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(db_->Flush(flush, families_), what));
  {
    rocksdb::Checkpoint* made = nullptr;
    MutexLock turnstile(&copy_mutex_);
    WriterMutexLock lock(&ingest_mutex_);
    rocksdb::Status status = rocksdb::Checkpoint::Create(db_.get(), &made);
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    if (status.ok()) status = checkpoint->CreateCheckpoint(folder);
    ENGRAM_RETURN_IF_ERROR(ToWriteStatus(status, what));
  }
  return MendCopiedLogs(EnvOf(options_), folder);
}

}  // namespace engram
