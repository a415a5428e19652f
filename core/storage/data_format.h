#ifndef ENGRAM_CORE_STORAGE_DATA_FORMAT_H_
#define ENGRAM_CORE_STORAGE_DATA_FORMAT_H_

#include "absl/status/status.h"
#include "core/storage/rocks_database.h"

namespace engram {

// The version of the data directory's layout. It grows when an older Engram would misread it.
constexpr uint32_t kDataFormat = 1;

// Looks at a database, without changing it, before anything else does.
// FAILED_PRECONDITION: it was written by a newer Engram, or is not Engram's. Else as RocksDatabase::Open.
absl::Status CheckFormat(const DatabaseOptions& options);

// Durably writes the version into a database that has none because it is new.
// DATA_LOSS: it has none but holds something.
absl::Status WriteFormat(RocksDatabase* database);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_DATA_FORMAT_H_
