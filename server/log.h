#ifndef ENGRAM_SERVER_LOG_H_
#define ENGRAM_SERVER_LOG_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <variant>

namespace engram {

// One field of a log line.
using LogField = std::pair<const char*, std::variant<std::string, int64_t, double, bool>>;

enum class LogFormat { kText, kJson };

// Sets where lines go (stderr), from which level ("debug", "info", "warning", "error", "off"), and how:
//   text  2026-01-31T12:00:00.000Z info bank created bank=faces dim=784
//   json  {"time":"2026-01-31T12:00:00.000Z","level":"info","event":"bank created","bank":"faces","dim":784}
// Until it is called lines go to stderr as text from level info. REQUIRES: `level` is one of the above.
void InitLog(const std::string& level, LogFormat format);

// One line: what happened, in a few constant words, and its particulars. Thread-safe.
void LogDebug(const char* event, std::initializer_list<LogField> fields = {});
void LogInfo(const char* event, std::initializer_list<LogField> fields = {});
void LogWarning(const char* event, std::initializer_list<LogField> fields = {});
void LogError(const char* event, std::initializer_list<LogField> fields = {});

}  // namespace engram

#endif  // ENGRAM_SERVER_LOG_H_
