#ifndef ENGRAM_CORE_STORAGE_CRC32C_H_
#define ENGRAM_CORE_STORAGE_CRC32C_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace engram {

// CRC-32C of the bytes, masked as RocksDB does in its logs, so that one may stand among what another covers.
uint32_t MaskedCrc32c(absl::string_view bytes);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_CRC32C_H_
