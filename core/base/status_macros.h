#ifndef ENGRAM_CORE_BASE_STATUS_MACROS_H_
#define ENGRAM_CORE_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns the status of `expr` from the enclosing function unless it is OK.
#define ENGRAM_RETURN_IF_ERROR(expr)                                \
  do {                                                              \
    if (absl::Status engram_status = (expr); !engram_status.ok()) { \
      return engram_status;                                         \
    }                                                               \
  } while (false)

// Assigns the value of the StatusOr `expr` to `lhs`, or returns its status.
#define ENGRAM_ASSIGN_OR_RETURN(lhs, expr) \
  ENGRAM_ASSIGN_OR_RETURN_IMPL_(ENGRAM_CONCAT_(engram_result_, __LINE__), lhs, expr)
#define ENGRAM_ASSIGN_OR_RETURN_IMPL_(result, lhs, expr) \
  auto result = (expr);                                  \
  if (!result.ok()) {                                    \
    return std::move(result).status();                   \
  }                                                      \
  lhs = *std::move(result)
#define ENGRAM_CONCAT_(a, b) ENGRAM_CONCAT_IMPL_(a, b)
#define ENGRAM_CONCAT_IMPL_(a, b) a##b

#endif  // ENGRAM_CORE_BASE_STATUS_MACROS_H_
