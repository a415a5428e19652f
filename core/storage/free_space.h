#ifndef ENGRAM_CORE_STORAGE_FREE_SPACE_H_
#define ENGRAM_CORE_STORAGE_FREE_SPACE_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace engram {

// The bytes of the volume of `path`; 0: unknown.
int64_t VolumeBytes(const std::string& path);

// The size of a write buffer: 16 MiB, or a sixteenth of a small volume, which must have room for a few.
int64_t WriteBufferBytes(int64_t volume_bytes);

// How many bytes must stay free: RocksDB recovers from a full disk only if it can write its buffers out.
// max(1 GiB, 5 %, 3 write buffers), of a small volume an eighth or 3 write buffers.
int64_t MinFreeBytes(int64_t volume_bytes);

// RESOURCE_EXHAUSTED (DISK_FULL): after a write of `asked_bytes` fewer than `min_free_bytes` would be left of
// `free_bytes` on the disk of `directory`. The text says what may be deleted.
absl::Status CheckFreeSpace(int64_t asked_bytes, int64_t free_bytes, int64_t min_free_bytes,
                            absl::string_view directory = "data directory",
                            absl::string_view deletable = "banks or snapshots");

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_FREE_SPACE_H_
