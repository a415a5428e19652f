#include "core/storage/pattern_ingest.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/failpoint.h"
#include "core/base/status_macros.h"
#include "core/storage/bank_record.h"
#include "core/storage/data_directory.h"
#include "core/storage/rocks_status.h"
#include "core/storage/storage_key.h"
#include "rocksdb/sst_file_writer.h"

namespace engram {
namespace {

constexpr char kWhat[] = "a large store";

// What becomes of one id: a row of a change, or nothing.
struct Outcome {
  uint64_t id;
  int64_t step;             // The place among all that the changes do; the last one of an id counts.
  const PatternRows* rows;  // nullptr: it is deleted.
  int64_t row;
};

std::vector<Outcome> Fold(absl::Span<const PatternChange> changes) {
  std::vector<Outcome> outcomes;
  for (const PatternChange& change : changes) {
    for (size_t i = 0; i < change.stored.ids.size(); ++i) {
      const auto step = static_cast<int64_t>(outcomes.size());
      outcomes.push_back({change.stored.ids[i], step, &change.stored, static_cast<int64_t>(i)});
    }
    for (const uint64_t id : change.deleted_ids) {
      outcomes.push_back({id, static_cast<int64_t>(outcomes.size()), nullptr, 0});
    }
  }
  // The last of each id first among its equals, which unique() keeps.
  std::sort(outcomes.begin(), outcomes.end(),
            [](const Outcome& a, const Outcome& b) { return a.id != b.id ? a.id < b.id : a.step > b.step; });
  outcomes.erase(std::unique(outcomes.begin(), outcomes.end(),
                             [](const Outcome& a, const Outcome& b) { return a.id == b.id; }),
                 outcomes.end());
  return outcomes;
}

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

rocksdb::Status WriteRows(const std::vector<Outcome>& outcomes, int64_t bank_id, int64_t value_dim,
                          rocksdb::SstFileWriter* writer) {
  std::string record;
  for (const Outcome& outcome : outcomes) {
    const std::string key = PatternKey(bank_id, outcome.id);
    rocksdb::Status written;
    if (outcome.rows == nullptr) {
      written = writer->Delete(key);
    } else {
      const auto value = value_dim > 0 ? outcome.rows->values.row(outcome.row) : absl::Span<const float>();
      const auto payload = outcome.rows->payloads.empty()
                               ? absl::string_view()
                               : absl::string_view(outcome.rows->payloads[outcome.row]);
      EncodePattern(outcome.rows->patterns.row(outcome.row), value, payload, &record);
      written = writer->Put(key, record);
    }
    if (!written.ok()) return written;
  }
  return writer->Finish();
}

rocksdb::Status WriteRowFile(const RocksDatabase& database, const std::string& path, int64_t bank_id,
                             int64_t value_dim, absl::Span<const PatternChange> changes) {
  const rocksdb::Options options = database.patterns_options();
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(options), options, database.patterns());
  const rocksdb::Status opened = writer.Open(path);
  return opened.ok() ? WriteRows(Fold(changes), bank_id, value_dim, &writer) : opened;
}

rocksdb::Status WriteCountsFile(const RocksDatabase& database, const std::string& path, int64_t bank_id,
                                const BankCounts& counts) {
  const rocksdb::Options options = database.banks_options();
  rocksdb::SstFileWriter writer(rocksdb::EnvOptions(options), options, database.banks());
  rocksdb::Status status = writer.Open(path);
  if (status.ok()) status = writer.Put(CountsKey(bank_id), EncodeCounts(counts));
  return status.ok() ? writer.Finish() : status;
}

rocksdb::Status Publish(const RocksDatabase& database, const std::string& rows, const std::string& counts) {
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.write_global_seqno = false;  // Files are written once.
  std::vector<rocksdb::IngestExternalFileArg> arguments(2);
  arguments[0].column_family = database.patterns();
  arguments[0].external_files = {rows};
  arguments[1].column_family = database.banks();
  arguments[1].external_files = {counts};
  for (rocksdb::IngestExternalFileArg& argument : arguments) argument.options = options;
  return database.db()->IngestExternalFiles(arguments);
}

}  // namespace

absl::Status IngestChanges(RocksDatabase* database, uint64_t number, int64_t bank_id, int64_t value_dim,
                           absl::Span<const PatternChange> changes, const BankCounts& counts) {
  const std::string folder = IngestFolder(database->options().data_dir);
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(database->files()->CreateDirIfMissing(folder, {}, nullptr), kWhat));
  const TemporaryFile rows(database->files(), absl::StrCat(folder, "/", number, ".rows"));
  const TemporaryFile counts_file(database->files(), absl::StrCat(folder, "/", number, ".counts"));
  ENGRAM_FAILPOINT("ingest/before_rows");
  ENGRAM_RETURN_IF_ERROR(
      ToWriteStatus(WriteRowFile(*database, rows.path(), bank_id, value_dim, changes), kWhat));
  ENGRAM_FAILPOINT("ingest/after_rows");
  ENGRAM_FAILPOINT("ingest/before_counts");
  ENGRAM_RETURN_IF_ERROR(
      ToWriteStatus(WriteCountsFile(*database, counts_file.path(), bank_id, counts), kWhat));
  ENGRAM_FAILPOINT("ingest/after_counts");
  // Files are durable at once. What the log holds of earlier changes must not be behind them.
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(database->db()->SyncWAL(), kWhat));
  ENGRAM_FAILPOINT("ingest/before_publish");
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(Publish(*database, rows.path(), counts_file.path()), kWhat));
  ENGRAM_CRASHPOINT("ingest/after_publish");
  return absl::OkStatus();
}

}  // namespace engram
