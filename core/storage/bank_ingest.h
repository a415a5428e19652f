#ifndef ENGRAM_CORE_STORAGE_BANK_INGEST_H_
#define ENGRAM_CORE_STORAGE_BANK_INGEST_H_

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "core/storage/journal.h"
#include "core/storage/rocks_database.h"
#include "core/storage/table_ingest.h"

namespace engram {

// Writes the patterns of a new bank as table files of the database.
class BankIngest : public BankImport {
 public:
  // Adds the records of the bank to tables that hold its patterns, and publishes them.
  using Publisher = std::function<absl::Status(const BankCounts& counts, TableIngest* tables)>;

  // `number`: as TableIngest. `now` says the time.
  BankIngest(RocksDatabase* database, uint64_t number, int64_t bank_id, std::function<absl::Time()> now,
             Publisher publisher);

  // RESOURCE_EXHAUSTED: the disk has no room for them. Else as ToWriteStatus.
  absl::Status Add(const PatternRows& rows) override;
  absl::Status Publish(const BankCounts& counts) override;

 private:
  absl::Status BeginTable();

  RocksDatabase* const database_;
  const int64_t bank_id_;
  const std::function<absl::Time()> now_;
  const Publisher publisher_;
  TableIngest tables_;
  std::string record_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_BANK_INGEST_H_
