#include "client/cli/upper_bounds.h"

#include <sstream>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/exit_code.h"
#include "client/cli/file.h"
#include "client/cli/npy.h"
#include "client/cli/npy_header.h"

namespace engram::cli {
namespace {

constexpr size_t kShownBytes = 40;

}  // namespace

absl::StatusOr<std::vector<double>> ParseUpperBounds(absl::string_view contents) {
  if (HasNpyMagic(contents)) return ParseNpyNumbers(contents);
  std::vector<double> bounds;
  int64_t line_number = 0;
  for (absl::string_view line : absl::StrSplit(contents, '\n')) {
    ++line_number;
    line = line.substr(0, line.find('#'));
    for (const absl::string_view word : absl::StrSplit(line, absl::ByAnyChar(",; \t\r"), absl::SkipEmpty())) {
      double bound = 0;
      if (!absl::SimpleAtod(word, &bound)) {
        return absl::InvalidArgumentError(absl::StrCat("line ", line_number, ": got '",
                                                       absl::CHexEscape(word.substr(0, kShownBytes)),
                                                       "', allowed are numbers"));
      }
      bounds.push_back(bound);
    }
  }
  if (bounds.empty()) return absl::InvalidArgumentError("there are no numbers");
  return bounds;
}

absl::StatusOr<std::vector<double>> ReadUpperBounds(const std::string& path) {
  if (path == "-")
    return UsageError("--upper-bounds: got '-', allowed are files; standard input is for queries");
  std::istringstream unused;
  const absl::StatusOr<std::string> contents = ReadFile(path, unused);
  if (!contents.ok()) return contents.status();
  absl::StatusOr<std::vector<double>> bounds = ParseUpperBounds(*contents);
  if (bounds.ok()) return bounds;
  return absl::Status(bounds.status().code(), absl::StrCat("'", path, "': ", bounds.status().message()));
}

}  // namespace engram::cli
