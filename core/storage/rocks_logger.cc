#include "core/storage/rocks_logger.h"

#include <cstdio>
#include <string>

namespace engram {

// What it calls without a level are its headers: settings, of no interest here.
void RocksLogger::Logv(const char*, va_list) {}

void RocksLogger::Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) {
  if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
  char text[1024];  // Longer lines are cut: they list files.
  std::vsnprintf(text, sizeof(text), format, arguments);
  std::string line = text;
  while (!line.empty() && line.back() == '\n') line.pop_back();
  log_(level >= rocksdb::InfoLogLevel::ERROR_LEVEL ? LogLevel::kError : LogLevel::kWarning,
       "rocksdb: " + line);
}

}  // namespace engram
