#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/image_flags.h"
#include "client/cli/number_text.h"
#include "client/cli/output.h"
#include "client/cli/pattern_source.h"
#include "client/cli/picture_row.h"

namespace engram::cli {
namespace {

// Rows that are drawn when --row is not given.
constexpr int64_t kShownRows = 12;

struct ShowFlags {
  PatternSource source;
  ImageFlags image;
  std::vector<int64_t> rows;
};

absl::StatusOr<std::vector<int64_t>> ChooseRows(const ShowFlags& flags, int64_t count) {
  std::vector<int64_t> rows = flags.rows;
  for (int64_t row : rows) {
    if (row < 0 || row >= count) {
      return UsageError(absl::StrCat("--row: got ", row, ", the file has rows 0 to ", count - 1));
    }
  }
  if (rows.empty()) {
    rows.resize(static_cast<size_t>(std::min(count, kShownRows)));
    std::iota(rows.begin(), rows.end(), 0);
  }
  return rows;
}

absl::Status Show(const ShowFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable}); !status.ok()) return status;
  const absl::StatusOr<PatternSet> set = ReadPatternSet(flags.source, context);
  if (!set.ok()) return set.status();
  const Rows& patterns = set->patterns;
  const absl::StatusOr<std::optional<ImageShape>> shape = ParseImageFlags(flags.image, patterns.cols);
  if (!shape.ok()) return shape.status();
  if (!shape->has_value()) return UsageError("--size: got '', allowed is WIDTHxHEIGHT, such as 28x28");
  const absl::StatusOr<std::vector<int64_t>> rows = ChooseRows(flags, patterns.count());
  if (!rows.ok()) return rows.status();
  std::vector<Picture> pictures;
  for (int64_t row : *rows) {
    pictures.push_back({absl::StrCat("row ", row), (*shape)->ToImage(patterns.row(row))});
  }
  PrintPictures(pictures, context.out);
  const int64_t rest = patterns.count() - static_cast<int64_t>(rows->size());
  if (flags.rows.empty() && rest > 0) {
    *context.err.stream << "and " << CountText(rest) << " more rows: choose with --row\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddShowCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<ShowFlags>();
  CLI::App& show = *app.add_subcommand("show", "Draw the patterns of a file in the terminal");
  show.add_option("FILE", flags->source.text, "Patterns, one a row; '-' is standard input")
      ->required()
      ->type_name("FILE");
  AddFormatFlag(show, &flags->source);
  AddImageFlags("--size", show, &flags->image);
  show.get_option("--size")->required();
  show.add_option("--row", flags->rows, "Rows to draw, counted from 0 [the first 12]")->type_name("N");
  show.footer(
      "Needs no server. Draws half blocks in grey on a terminal, characters elsewhere.\n\n"
      "Examples:\n"
      "  engram show digits.npy --size 8x8\n"
      "  engram show faces.npy --size 28x28 --row 3 --row 17 --range 0,255");
  show.callback([=] { *chosen = [=](const Context& context) { return Show(*flags, context); }; });
}

}  // namespace engram::cli
