// write_golden FOLDER: writes the data directories of tests/golden/storage into FOLDER. Once for each format.

#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "core/storage/byte_record.h"
#include "core/storage/rocks_database.h"
#include "core/storage/rocks_journal.h"
#include "core/storage/storage_key.h"
#include "tests/core/storage/stamped_rows.h"

namespace engram {
namespace {

void Must(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

void Store(RocksJournal* journal, uint64_t first, int64_t count, uint32_t stamp, const BankCounts& counts) {
  std::vector<uint64_t> ids(count);
  std::iota(ids.begin(), ids.end(), first);
  const BankSettings settings = StampedSettings("golden-1");
  const StampedRows rows(settings, ids, stamp);
  Must(journal->ChangePatterns(1, settings, {PatternChange{rows.rows(), {}}}, counts));
}

void Write(const std::string& data_dir) {
  RocksJournalOptions options;
  options.data_dir = data_dir;
  options.log = [](LogLevel, const std::string&) {};
  options.min_free_bytes = 0;
  options.bulk_bytes = 2000;  // Which the first store is beyond: it becomes a file.
  const auto journal = RocksJournal::Open(options).value();
  for (const int64_t bank_id : {1, 2, 3}) {
    Must(journal->CreateBank(bank_id, StampedSettings(absl::StrCat("golden-", bank_id))));
  }
  Store(journal.get(), 0, 20, 1, {1, 20, 20});
  Store(journal.get(), 5, 10, 2, {2, 20, 20});
  const std::vector<uint64_t> deleted = {0};
  Must(journal->ChangePatterns(1, StampedSettings("golden-1"), {PatternChange{{}, deleted}}, {3, 19, 20}));
  Must(journal->DeleteBank(2));
}

void MakeNewer(const std::string& data_dir) {
  DatabaseOptions options;
  options.data_dir = data_dir;
  options.log = [](LogLevel, const std::string&) {};
  const auto database = RocksDatabase::Open(options, RocksDatabase::Access::kWrite).value();
  std::string record;
  ByteWriter(&record).U32(1000);
  rocksdb::WriteBatch batch;
  if (!batch.Put(database->banks(), kFormatKey, record).ok()) std::exit(1);
  Must(database->Write(&batch, /*sync=*/true, "golden"));
}

}  // namespace
}  // namespace engram

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  engram::Write(folder + "/format1");
  engram::Write(folder + "/newer");
  engram::MakeNewer(folder + "/newer");
  return 0;
}
