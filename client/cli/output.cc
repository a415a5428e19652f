#include "client/cli/output.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/exit_code.h"
#include "client/cli/number_text.h"

namespace engram::cli {
namespace {

constexpr struct {
  const char* name;
  Output output;
} kOutputs[] = {
    {"table", Output::kTable}, {"json", Output::kJson}, {"npy", Output::kNpy}, {"csv", Output::kCsv}};

std::string Name(Output output) {
  for (const auto& known : kOutputs) {
    if (known.output == output) return known.name;
  }
  return "";
}

}  // namespace

std::vector<std::string> OutputNames() {
  std::vector<std::string> names;
  for (const auto& known : kOutputs) names.emplace_back(known.name);
  return names;
}

Output ToOutput(const std::string& name) {
  for (const auto& known : kOutputs) {
    if (known.name == name) return known.output;
  }
  return Output::kTable;
}

absl::Status ValidateOutput(const Context& context, const std::vector<Output>& allowed) {
  if (std::find(allowed.begin(), allowed.end(), context.output) == allowed.end()) {
    const auto append_name = [](std::string* text, Output output) { absl::StrAppend(text, Name(output)); };
    return UsageError(absl::StrCat("--output: got ", Name(context.output), ", this command writes ",
                                   absl::StrJoin(allowed, " or ", append_name)));
  }
  if (context.output == Output::kNpy && context.out.is_terminal) {
    return UsageError("--output npy is binary and standard output is a terminal: redirect it to a file");
  }
  return absl::OkStatus();
}

Json NumberJson(double value) { return std::isfinite(value) ? Json(value) : Json(NumberText(value)); }

void PrintJson(const Json& json, const Context& context) { *context.out.stream << json.dump() << '\n'; }

}  // namespace engram::cli
