#ifndef ENGRAM_SERVER_LOG_STORAGE_H_
#define ENGRAM_SERVER_LOG_STORAGE_H_

#include <string>

#include "core/storage/storage_log.h"

namespace engram {

// Whether an operator need not know of it: RocksDB warns of what it gets over by itself, such as writes that
// it slows down; what it does not get over it calls an error.
bool IsHarmless(LogLevel level, const std::string& message);

// A StorageLog that writes to the server's log; what is harmless, as debug.
void LogStorage(LogLevel level, const std::string& message);

}  // namespace engram

#endif  // ENGRAM_SERVER_LOG_STORAGE_H_
