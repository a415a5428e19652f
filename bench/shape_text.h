#ifndef ENGRAM_BENCH_SHAPE_TEXT_H_
#define ENGRAM_BENCH_SHAPE_TEXT_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace engram::bench {

// N and D of "NxD". INVALID_ARGUMENT: `text` is something else, or N is less than `least_patterns`.
inline absl::StatusOr<std::pair<int64_t, int64_t>> ParseShapeText(const std::string& text,
                                                                  int64_t least_patterns) {
  const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('x', 1));
  std::pair<int64_t, int64_t> shape;
  if (!absl::SimpleAtoi(parts.first, &shape.first) || !absl::SimpleAtoi(parts.second, &shape.second) ||
      shape.first < least_patterns || shape.second < 1) {
    return absl::InvalidArgumentError(absl::StrCat("shape: got '", text, "', not NxD with N at least ",
                                                   least_patterns, ", as in 100000x768"));
  }
  return shape;
}

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_SHAPE_TEXT_H_
