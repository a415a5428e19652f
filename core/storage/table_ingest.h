#ifndef ENGRAM_CORE_STORAGE_TABLE_INGEST_H_
#define ENGRAM_CORE_STORAGE_TABLE_INGEST_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/storage/rocks_database.h"
#include "rocksdb/sst_file_writer.h"

namespace engram {

// Table files that become part of the database in one step: after a crash it has all or none. Always durable.
// What was not published is removed when this goes. Errors: see ToWriteStatus. Not thread-safe.
class TableIngest {
 public:
  enum class Family { kBanks, kPatterns };

  // `number` tells the files of those at work at the same time apart; `what` is being done.
  TableIngest(RocksDatabase* database, uint64_t number, absl::string_view what);
  ~TableIngest();
  TableIngest(const TableIngest&) = delete;
  TableIngest& operator=(const TableIngest&) = delete;

  // Begins a table; entries go into table() in the order of their keys. REQUIRES: the one before was ended.
  absl::Status Begin(Family family);
  // Null: none is begun. Stays where it is until End.
  rocksdb::SstFileWriter* table() const { return table_.get(); }
  // REQUIRES: a table is begun and has entries.
  absl::Status End();

  // REQUIRES: all tables were ended; not called before.
  absl::Status Publish();

  const std::string& what() const { return what_; }

 private:
  std::vector<std::string>& PathsOf(Family family);

  RocksDatabase* const database_;
  const uint64_t number_;
  const std::string what_;
  std::vector<std::string> banks_paths_;
  std::vector<std::string> patterns_paths_;
  std::unique_ptr<rocksdb::SstFileWriter> table_;
};

// Puts entries into a table file, in the order of their keys.
using TableFiller = std::function<rocksdb::Status(rocksdb::SstFileWriter* table)>;

// Writes a table file for each family and publishes both, as TableIngest does.
absl::Status IngestTables(RocksDatabase* database, uint64_t number, const TableFiller& patterns,
                          const TableFiller& banks, absl::string_view what);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_TABLE_INGEST_H_
