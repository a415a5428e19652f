#ifndef ENGRAM_CORE_STORAGE_TABLE_INGEST_H_
#define ENGRAM_CORE_STORAGE_TABLE_INGEST_H_

#include <cstdint>
#include <functional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/storage/rocks_database.h"
#include "rocksdb/sst_file_writer.h"

namespace engram {

// Puts entries into a table file, in the order of their keys.
using TableFiller = std::function<rocksdb::Status(rocksdb::SstFileWriter* table)>;

// Writes a table file for each family and makes both part of the database in one step: after a crash it has
// both or none. Always durable. `number` tells the files of calls at the same time apart; `what` is being
// done.
// Errors: see ToWriteStatus.
absl::Status IngestTables(RocksDatabase* database, uint64_t number, const TableFiller& patterns,
                          const TableFiller& banks, absl::string_view what);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_TABLE_INGEST_H_
