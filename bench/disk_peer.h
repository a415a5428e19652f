#ifndef ENGRAM_BENCH_DISK_PEER_H_
#define ENGRAM_BENCH_DISK_PEER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace engram::bench {

// What the disk and RocksDB do alone, in a folder of their own on the disk of the data directory.

// Writes a file of `bytes` in pieces of 1 MiB and syncs it, as `dd conv=fdatasync` does. Returns how long
// that took, and removes the file.
absl::StatusOr<absl::Duration> WriteAndSync(const std::string& folder, int64_t bytes);

// Records of `record_bytes` that `writers` threads put into a database each second, every one synced before
// the next of its thread; for `duration`.
absl::StatusOr<double> SyncedPutsPerSecond(const std::string& folder, int writers, int64_t record_bytes,
                                           absl::Duration duration);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_DISK_PEER_H_
