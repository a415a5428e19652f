#include "client/cli/choice_option.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace engram::cli {

CLI::Option* AddChoice(CLI::App& app, const std::string& flag, std::string& value,
                       const std::vector<std::string>& choices, const std::string& description) {
  const auto check = [choices](const std::string& got) -> std::string {
    if (std::find(choices.begin(), choices.end(), got) != choices.end()) return "";
    return absl::StrCat("got '", got, "', allowed are ", absl::StrJoin(choices, ", "));
  };
  return app.add_option(flag, value, description)
      ->type_name(absl::StrJoin(choices, "|"))
      ->check(CLI::Validator(check, ""));
}

std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  std::vector<std::string> choices = absl::StrSplit(option.get_type_name(), '|');
  if (choices.size() < 2) choices.clear();
  return choices;
}

}  // namespace engram::cli
