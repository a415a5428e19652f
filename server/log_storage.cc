#include "server/log_storage.h"

#include "absl/strings/match.h"
#include "server/log.h"

namespace engram {

bool IsHarmless(LogLevel level, const std::string& message) {
  return level == LogLevel::kWarning && absl::StartsWith(message, "rocksdb: ");
}

void LogStorage(LogLevel level, const std::string& message) {
  if (IsHarmless(level, message)) return LogDebug("storage", {{"message", message}});
  switch (level) {
    case LogLevel::kInfo:
      return LogInfo("storage", {{"message", message}});
    case LogLevel::kWarning:
      return LogWarning("storage", {{"message", message}});
    case LogLevel::kError:
      return LogError("storage", {{"message", message}});
  }
}

}  // namespace engram
