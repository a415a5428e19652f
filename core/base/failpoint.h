#ifndef ENGRAM_CORE_BASE_FAILPOINT_H_
#define ENGRAM_CORE_BASE_FAILPOINT_H_

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace engram {

// Places at which tests let the process die or an operation fail. They are compiled in only with
// ENGRAM_FAILPOINTS, and are driven by the environment variable
//
//   ENGRAM_FAILPOINT=NAME:NTH:abort|error
//
// The NTH time (from 1) that the place NAME is reached, the process aborts or the function returns
// UNAVAILABLE. Where a change is durable already, nothing may fail any more: `error` does nothing there.
//
// The one list of what exists.
inline constexpr std::array<const char*, 25> kFailpointNames = {
    "open/before_format",     "open/after_format",          "create/before_write",
    "create/after_write",     "update/before_write",        "update/after_write",
    "change/before_write",    "change/after_write",         "delete/before_write",
    "delete/after_write",     "delete/after_remains",       "ingest/before_patterns",
    "ingest/before_banks",    "ingest/before_sync",         "ingest/before_publish",
    "ingest/after_publish",   "snapshot/before_checkpoint", "snapshot/after_checkpoint",
    "snapshot/before_remove", "backup/before_copy",         "backup/after_copy",
    "backup/before_remove",   "restore/before_patterns",    "restore/before_publish",
    "restore/after_publish"};

// The place of `name` in the list; -1: it has none.
constexpr int FailpointIndex(std::string_view name) {
  for (size_t i = 0; i < kFailpointNames.size(); ++i) {
    if (name == kFailpointNames[i]) return static_cast<int>(i);
  }
  return -1;
}

// Does what is set for failpoint `index`. Thread-safe.
absl::Status ReachFailpoint(int index);

// Sets what the environment variable sets, in its words; empty: nothing fails. Counts begin anew.
// INVALID_ARGUMENT: `setting` is not NAME:NTH:abort|error of a listed name.
absl::Status SetFailpoint(absl::string_view setting);

// How often the failpoint was reached since the last SetFailpoint.
int64_t FailpointHits(int index);

}  // namespace engram

#ifdef ENGRAM_FAILPOINTS
// Returns from the enclosing function, of absl::Status or StatusOr, if it is the time to fail.
#define ENGRAM_FAILPOINT(name)                                                                    \
  do {                                                                                            \
    static_assert(::engram::FailpointIndex(name) >= 0, "not in kFailpointNames");                 \
    if (absl::Status engram_failpoint = ::engram::ReachFailpoint(::engram::FailpointIndex(name)); \
        !engram_failpoint.ok()) {                                                                 \
      return engram_failpoint;                                                                    \
    }                                                                                             \
  } while (false)
// Only aborts: for places behind the point of no return.
#define ENGRAM_CRASHPOINT(name)                                                   \
  do {                                                                            \
    static_assert(::engram::FailpointIndex(name) >= 0, "not in kFailpointNames"); \
    ::engram::ReachFailpoint(::engram::FailpointIndex(name)).IgnoreError();       \
  } while (false)
#else
#define ENGRAM_FAILPOINT(name) static_assert(::engram::FailpointIndex(name) >= 0, "not in kFailpointNames")
#define ENGRAM_CRASHPOINT(name) static_assert(::engram::FailpointIndex(name) >= 0, "not in kFailpointNames")
#endif

#endif  // ENGRAM_CORE_BASE_FAILPOINT_H_
