#ifndef ENGRAM_CORE_STORAGE_ROCKS_STATUS_H_
#define ENGRAM_CORE_STORAGE_ROCKS_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "rocksdb/status.h"

namespace engram {

// What RocksDB says, as a status of ours whose code is the advice; `what` was being done.
//
// A failed write: RESOURCE_EXHAUSTED (DISK_FULL) or UNAVAILABLE (STORAGE_UNAVAILABLE), whatever else is
// wrong: nothing that was stored has come to harm by it.
absl::Status ToWriteStatus(const rocksdb::Status& status, absl::string_view what);
// A failed read: DATA_LOSS (DATA_DAMAGED) if what is on disk is damaged or missing, else UNAVAILABLE.
absl::Status ToReadStatus(const rocksdb::Status& status, absl::string_view what);

bool IsDiskFull(const rocksdb::Status& status);

// DATA_LOSS (DATA_DAMAGED).
absl::Status DataDamaged(absl::string_view message);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_ROCKS_STATUS_H_
