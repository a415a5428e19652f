#ifndef ENGRAM_CORE_STORAGE_ROCKS_LOGGER_H_
#define ENGRAM_CORE_STORAGE_ROCKS_LOGGER_H_

#include <cstdarg>
#include <utility>

#include "core/storage/storage_log.h"
#include "rocksdb/env.h"

namespace engram {

// RocksDB's log lines, warnings and worse, to ours. Its own logger writes a file in the data directory, and
// one built with assertions aborts the process when the disk is full.
class RocksLogger : public rocksdb::Logger {
 public:
  explicit RocksLogger(StorageLog log)
      : rocksdb::Logger(rocksdb::InfoLogLevel::WARN_LEVEL), log_(std::move(log)) {}

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override;
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override;

 private:
  const StorageLog log_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_ROCKS_LOGGER_H_
