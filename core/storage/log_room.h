#ifndef ENGRAM_CORE_STORAGE_LOG_ROOM_H_
#define ENGRAM_CORE_STORAGE_LOG_ROOM_H_

#include <memory>

#include "rocksdb/env.h"

namespace engram {

// `env`, but for logs, which have their first block of the disk from when they are made and not from when
// they are first written to. REQUIRES: `env` outlives it.
//
// RocksDB gets over a failed write to a log by beginning another, which it does when it empties a write
// buffer. While all are empty it goes on with the broken one, forever or, built with assertions, to an abort
// (until 9.7, its pull request 12873). But a write to a new log that has room does not fail for want of it,
// and after one a buffer is not empty.
std::unique_ptr<rocksdb::Env> MakeLogRoomEnv(rocksdb::Env* env);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_LOG_ROOM_H_
