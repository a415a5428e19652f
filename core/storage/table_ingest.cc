#include "core/storage/table_ingest.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/failpoint.h"
#include "core/base/status_macros.h"
#include "core/storage/data_directory.h"
#include "core/storage/rocks_status.h"

namespace engram {
namespace {

rocksdb::IngestExternalFileArg ArgumentOf(rocksdb::ColumnFamilyHandle* family,
                                          const std::vector<std::string>& paths) {
  rocksdb::IngestExternalFileArg argument;
  argument.column_family = family;
  argument.external_files = paths;
  argument.options.move_files = true;
  argument.options.write_global_seqno = false;  // Files are written once.
  return argument;
}

}  // namespace

TableIngest::TableIngest(RocksDatabase* database, uint64_t number, absl::string_view what)
    : database_(database), number_(number), what_(what) {}

TableIngest::~TableIngest() {
  table_ = nullptr;
  for (const auto* paths : {&banks_paths_, &patterns_paths_}) {
    for (const std::string& path : *paths) {
      // The database has moved what it took; what cannot be removed here, the next start tries again.
      if (!database_->files()->FileExists(path, {}, nullptr).ok()) continue;
      database_->files()->DeleteFile(path, {}, nullptr).PermitUncheckedError();
    }
  }
}

std::vector<std::string>& TableIngest::PathsOf(Family family) {
  return family == Family::kBanks ? banks_paths_ : patterns_paths_;
}

absl::Status TableIngest::Begin(Family family) {
  const std::string folder = IngestFolder(database_->options().data_dir);
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(database_->files()->CreateDirIfMissing(folder, {}, nullptr), what_));
  const bool is_banks = family == Family::kBanks;
  std::vector<std::string>& paths = PathsOf(family);
  const std::string name = absl::StrCat(number_, ".", paths.size(), is_banks ? ".banks" : ".patterns");
  paths.push_back(absl::StrCat(folder, "/", name));
  const rocksdb::Options options = is_banks ? database_->banks_options() : database_->patterns_options();
  table_ = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(options), options,
                                                    is_banks ? database_->banks() : database_->patterns());
  return ToWriteStatus(table_->Open(paths.back()), what_);
}

absl::Status TableIngest::End() {
  const std::unique_ptr<rocksdb::SstFileWriter> table = std::move(table_);
  return ToWriteStatus(table->Finish(), what_);
}

absl::Status TableIngest::Publish() {
  ENGRAM_FAILPOINT("ingest/before_sync");
  // Tables are durable at once. What the log holds of earlier changes must not be behind them.
  ENGRAM_RETURN_IF_ERROR(database_->Sync(what_));
  ENGRAM_FAILPOINT("ingest/before_publish");
  std::vector<rocksdb::IngestExternalFileArg> arguments;
  if (!patterns_paths_.empty()) arguments.push_back(ArgumentOf(database_->patterns(), patterns_paths_));
  if (!banks_paths_.empty()) arguments.push_back(ArgumentOf(database_->banks(), banks_paths_));
  ENGRAM_RETURN_IF_ERROR(database_->Ingest(arguments, what_));
  ENGRAM_CRASHPOINT("ingest/after_publish");
  return absl::OkStatus();
}

absl::Status IngestTables(RocksDatabase* database, uint64_t number, const TableFiller& patterns,
                          const TableFiller& banks, absl::string_view what) {
  TableIngest ingest(database, number, what);
  ENGRAM_FAILPOINT("ingest/before_patterns");
  ENGRAM_RETURN_IF_ERROR(ingest.Begin(TableIngest::Family::kPatterns));
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(patterns(ingest.table()), what));
  ENGRAM_RETURN_IF_ERROR(ingest.End());
  ENGRAM_FAILPOINT("ingest/before_banks");
  ENGRAM_RETURN_IF_ERROR(ingest.Begin(TableIngest::Family::kBanks));
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(banks(ingest.table()), what));
  ENGRAM_RETURN_IF_ERROR(ingest.End());
  return ingest.Publish();
}

}  // namespace engram
