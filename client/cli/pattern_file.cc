#include "client/cli/pattern_file.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/cli/csv.h"
#include "client/cli/fvecs.h"
#include "client/cli/json_lines.h"
#include "client/cli/npy.h"
#include "client/cli/npy_header.h"

namespace engram::cli {
namespace {

struct Name {
  absl::string_view name;
  PatternFormat format;
};

constexpr Name kFlags[] = {{"npy", PatternFormat::kNpy},
                           {"csv", PatternFormat::kCsv},
                           {"jsonl", PatternFormat::kJsonLines},
                           {"fvecs", PatternFormat::kFvecs}};

constexpr Name kEndings[] = {{".npy", PatternFormat::kNpy},         {".csv", PatternFormat::kCsv},
                             {".tsv", PatternFormat::kCsv},         {".txt", PatternFormat::kCsv},
                             {".jsonl", PatternFormat::kJsonLines}, {".ndjson", PatternFormat::kJsonLines},
                             {".fvecs", PatternFormat::kFvecs}};

// Only .npy has a magic string. Text is told by its first character once binary is excluded: the
// length that begins an .fvecs file has a zero byte for every dimension below 2^24.
absl::StatusOr<PatternFormat> Sniff(absl::string_view contents) {
  if (HasNpyMagic(contents)) return PatternFormat::kNpy;
  const absl::string_view text = absl::StripLeadingAsciiWhitespace(contents);
  if (!absl::StrContains(contents.substr(0, 4), '\0') && !text.empty()) {
    if (text[0] == '{' || text[0] == '[') return PatternFormat::kJsonLines;
    if (absl::ascii_isdigit(text[0]) || absl::StrContains("+-.#", text[0])) return PatternFormat::kCsv;
  }
  return absl::InvalidArgumentError("its name and first bytes do not tell the format");
}

absl::StatusOr<PatternSet> ParseUnchecked(absl::string_view contents, PatternFormat format) {
  if (format == PatternFormat::kJsonLines) return ParseJsonLines(contents);
  absl::StatusOr<Rows> rows = format == PatternFormat::kNpy   ? ParseNpy(contents)
                              : format == PatternFormat::kCsv ? ParseCsv(contents)
                                                              : ParseFvecs(contents);
  if (!rows.ok()) return rows.status();
  PatternSet set;
  set.patterns = *std::move(rows);
  return set;
}

}  // namespace

std::vector<std::string> PatternFormatNames() {
  std::vector<std::string> names;
  for (const Name& flag : kFlags) names.emplace_back(flag.name);
  return names;
}

absl::StatusOr<PatternFormat> FindPatternFormat(absl::string_view flag, absl::string_view path,
                                                absl::string_view contents) {
  for (const Name& known : kFlags) {
    if (flag == known.name) return known.format;
  }
  const std::string allowed = absl::StrJoin(PatternFormatNames(), ", ");
  if (!flag.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("--format: got '", flag, "', allowed are ", allowed));
  }
  for (const Name& known : kEndings) {
    if (absl::EndsWithIgnoreCase(path, known.name)) return known.format;
  }
  const absl::StatusOr<PatternFormat> sniffed = Sniff(contents);
  if (sniffed.ok()) return sniffed;
  return absl::InvalidArgumentError(absl::StrCat(sniffed.status().message(), ": say --format ", allowed));
}

absl::StatusOr<PatternSet> ParsePatternFile(absl::string_view contents, PatternFormat format) {
  absl::StatusOr<PatternSet> set = ParseUnchecked(contents, format);
  if (!set.ok()) return set;
  if (const absl::Status status = ValidateFinite(set->patterns); !status.ok()) return status;
  if (const absl::Status status = ValidateFinite(set->values); !status.ok()) {
    return absl::Status(status.code(), absl::StrCat("value: ", status.message()));
  }
  return set;
}

}  // namespace engram::cli
