#ifndef ENGRAM_CORE_STORAGE_STORAGE_LOG_H_
#define ENGRAM_CORE_STORAGE_STORAGE_LOG_H_

#include <functional>
#include <string>

namespace engram {

enum class LogLevel { kInfo, kWarning, kError };

// Where the storage says what an operator should know: one line a call, without a line's end. Called from
// any thread; must not call the journal.
using StorageLog = std::function<void(LogLevel level, const std::string& message)>;

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_STORAGE_LOG_H_
