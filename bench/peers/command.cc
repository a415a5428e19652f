#include "bench/peers/command.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace engram::bench {

Command Command::Parse(absl::string_view line) {
  Command command;
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipWhitespace());
  if (words.empty()) return command;
  command.verb_ = std::string(words.front());
  for (size_t i = 1; i < words.size(); ++i) {
    const std::pair<absl::string_view, absl::string_view> pair =
        absl::StrSplit(words[i], absl::MaxSplits('=', 1));
    command.values_[pair.first] = std::string(pair.second);
  }
  return command;
}

std::string Command::Text(absl::string_view name, absl::string_view otherwise) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string(otherwise) : found->second;
}

absl::StatusOr<int64_t> Command::Integer(absl::string_view name, int64_t otherwise) const {
  const auto found = values_.find(name);
  int64_t value = otherwise;
  if (found != values_.end() && !absl::SimpleAtoi(found->second, &value)) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": got ", found->second, ", allowed: an integer"));
  }
  return value;
}

absl::StatusOr<double> Command::Number(absl::string_view name, double otherwise) const {
  const auto found = values_.find(name);
  double value = otherwise;
  if (found != values_.end() && !absl::SimpleAtod(found->second, &value)) {
    return absl::InvalidArgumentError(absl::StrCat(name, ": got ", found->second, ", allowed: a number"));
  }
  return value;
}

}  // namespace engram::bench
