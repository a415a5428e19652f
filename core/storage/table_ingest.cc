#include "core/storage/table_ingest.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/failpoint.h"
#include "core/base/status_macros.h"
#include "core/storage/data_directory.h"
#include "core/storage/rocks_status.h"

namespace engram {
namespace {

// A file that is removed again unless the database has taken it.
class TemporaryFile {
 public:
  TemporaryFile(rocksdb::FileSystem* files, std::string path) : files_(files), path_(std::move(path)) {}
  ~TemporaryFile() {
    if (files_->FileExists(path_, {}, nullptr).ok()) {
      files_->DeleteFile(path_, {}, nullptr).PermitUncheckedError();  // The next start tries again.
    }
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  rocksdb::FileSystem* const files_;
  const std::string path_;
};

rocksdb::Status WriteTable(const std::string& path, const rocksdb::Options& options,
                           rocksdb::ColumnFamilyHandle* family, const TableFiller& filler) {
  rocksdb::SstFileWriter table(rocksdb::EnvOptions(options), options, family);
  rocksdb::Status status = table.Open(path);
  if (status.ok()) status = filler(&table);
  return status.ok() ? table.Finish() : status;
}

rocksdb::Status Publish(const RocksDatabase& database, const std::string& patterns,
                        const std::string& banks) {
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.write_global_seqno = false;  // Files are written once.
  std::vector<rocksdb::IngestExternalFileArg> arguments(2);
  arguments[0].column_family = database.patterns();
  arguments[0].external_files = {patterns};
  arguments[1].column_family = database.banks();
  arguments[1].external_files = {banks};
  for (rocksdb::IngestExternalFileArg& argument : arguments) argument.options = options;
  return database.db()->IngestExternalFiles(arguments);
}

}  // namespace

absl::Status IngestTables(RocksDatabase* database, uint64_t number, const TableFiller& patterns,
                          const TableFiller& banks, absl::string_view what) {
  const std::string folder = IngestFolder(database->options().data_dir);
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(database->files()->CreateDirIfMissing(folder, {}, nullptr), what));
  const TemporaryFile patterns_file(database->files(), absl::StrCat(folder, "/", number, ".patterns"));
  const TemporaryFile banks_file(database->files(), absl::StrCat(folder, "/", number, ".banks"));
  ENGRAM_FAILPOINT("ingest/before_patterns");
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(
      WriteTable(patterns_file.path(), database->patterns_options(), database->patterns(), patterns), what));
  ENGRAM_FAILPOINT("ingest/before_banks");
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(
      WriteTable(banks_file.path(), database->banks_options(), database->banks(), banks), what));
  ENGRAM_FAILPOINT("ingest/before_sync");
  // Tables are durable at once. What the log holds of earlier changes must not be behind them.
  ENGRAM_RETURN_IF_ERROR(database->Sync(what));
  ENGRAM_FAILPOINT("ingest/before_publish");
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(Publish(*database, patterns_file.path(), banks_file.path()), what));
  ENGRAM_CRASHPOINT("ingest/after_publish");
  return absl::OkStatus();
}

}  // namespace engram
