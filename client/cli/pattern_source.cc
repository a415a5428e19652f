#include "client/cli/pattern_source.h"

#include <CLI/CLI.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/choice_option.h"
#include "client/cli/csv.h"
#include "client/cli/file.h"
#include "client/cli/pattern_file.h"

namespace engram::cli {
namespace {

absl::Status InSource(const PatternSource& source, const absl::Status& status) {
  const std::string name = source.text == "-" ? "standard input" : absl::StrCat("'", source.text, "'");
  return absl::Status(status.code(), absl::StrCat(name, ": ", status.message()));
}

}  // namespace

void AddFormatFlag(CLI::App& command, PatternSource* source) {
  AddChoice(command, "--format", source->format, PatternFormatNames(),
            "Format of the file [its ending, or its first bytes]");
}

absl::StatusOr<PatternSet> ReadPatternSet(const PatternSource& source, const Context& context) {
  const absl::StatusOr<std::string> contents = ReadFile(source.text, *context.in);
  if (!contents.ok()) return contents.status();
  const absl::StatusOr<PatternFormat> format = FindPatternFormat(source.format, source.text, *contents);
  if (!format.ok()) return InSource(source, format.status());
  absl::StatusOr<PatternSet> set = ParsePatternFile(*contents, *format);
  if (!set.ok()) return InSource(source, set.status());
  return set;
}

absl::StatusOr<Rows> ReadRows(const PatternSource& source, const Context& context) {
  absl::StatusOr<std::vector<float>> numbers = ParseNumbers(source.text);
  if (numbers.ok()) {
    const auto cols = static_cast<int64_t>(numbers->size());
    Rows rows{cols, *std::move(numbers)};
    if (const absl::Status status = ValidateFinite(rows); !status.ok()) return InSource(source, status);
    return rows;
  }
  absl::StatusOr<PatternSet> set = ReadPatternSet(source, context);
  if (!set.ok()) return set.status();
  return std::move(set->patterns);
}

}  // namespace engram::cli
