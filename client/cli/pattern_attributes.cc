#include "client/cli/pattern_attributes.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace engram::cli {
namespace {

std::vector<absl::string_view> Lines(absl::string_view contents) {
  if (contents.empty()) return {};
  absl::ConsumeSuffix(&contents, "\n");
  std::vector<absl::string_view> lines = absl::StrSplit(contents, '\n');
  for (absl::string_view& line : lines) absl::ConsumeSuffix(&line, "\r");
  return lines;
}

}  // namespace

absl::StatusOr<std::vector<uint64_t>> ParseIds(absl::string_view contents) {
  std::vector<uint64_t> ids;
  for (absl::string_view line : Lines(contents)) {
    int64_t id = 0;
    if (!absl::SimpleAtoi(line, &id) || id < 0) {
      return absl::InvalidArgumentError(absl::StrCat("line ", ids.size() + 1, ": got '",
                                                     absl::CHexEscape(line.substr(0, 40)),
                                                     "', allowed is an integer in [0, 2^63)"));
    }
    ids.push_back(static_cast<uint64_t>(id));
  }
  return ids;
}

std::vector<std::string> ParsePayloads(absl::string_view contents) {
  std::vector<std::string> payloads;
  for (absl::string_view line : Lines(contents)) payloads.emplace_back(line);
  return payloads;
}

}  // namespace engram::cli
