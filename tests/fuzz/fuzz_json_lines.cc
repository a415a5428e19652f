// JSON lines are refused, or read into whole rows with all or none of what may go with them.

#include <cstdint>
#include <cstdlib>

#include "client/cli/json_lines.h"

namespace {

bool IsWhole(const engram::cli::Rows& rows) {
  return rows.count() * rows.cols == static_cast<int64_t>(rows.values.size());
}

bool IsAllOrNone(size_t got, int64_t count) { return got == 0 || got == static_cast<size_t>(count); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view contents(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<engram::cli::PatternSet> set = engram::cli::ParseJsonLines(contents);
  if (!set.ok()) return 0;
  const int64_t count = set->patterns.count();
  const bool is_valid = count > 0 && IsWhole(set->patterns) && IsWhole(set->values) &&
                        IsAllOrNone(static_cast<size_t>(set->values.count()), count) &&
                        IsAllOrNone(set->ids.size(), count) && IsAllOrNone(set->payloads.size(), count);
  if (!is_valid) std::abort();
  return 0;
}
