#ifndef ENGRAM_CORE_STORAGE_SNAPSHOT_RECORD_H_
#define ENGRAM_CORE_STORAGE_SNAPSHOT_RECORD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "rocksdb/env.h"

namespace engram {

// What is kept of a snapshot beside its files, and goes with them wherever they are copied. Its bytes,
// numbers little-endian: u8 version 1; name (u32 length, bytes); creation in ns since 1970, i64; count of
// files, u32; of each its name and its bytes, i64; masked CRC-32C of all that, u32.
struct SnapshotRecord {
  struct File {
    std::string name;
    int64_t bytes = 0;
  };
  std::string name;
  absl::Time create_time;
  std::vector<File> files;  // Empty where somebody else lists them.
};

std::string EncodeSnapshotRecord(const SnapshotRecord& record);
// DATA_LOSS: the bytes are no such record. FAILED_PRECONDITION: it is one of a newer Engram.
absl::StatusOr<SnapshotRecord> DecodeSnapshotRecord(absl::string_view bytes);

// Lists the files of the folder of a snapshot.
// UNAVAILABLE: it cannot be read.
absl::StatusOr<std::vector<SnapshotRecord::File>> ListSnapshotFiles(rocksdb::Env* env,
                                                                    const std::string& folder);
// The record in the folder of a snapshot, after a look at whether the files are there. DATA_LOSS: one is
// missing, or has another size; the text names it. FAILED_PRECONDITION: a newer Engram made it.
absl::StatusOr<SnapshotRecord> ReadSnapshotRecord(rocksdb::Env* env, const std::string& folder);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_SNAPSHOT_RECORD_H_
