#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/image_flags.h"
#include "client/cli/npy.h"
#include "client/cli/output.h"
#include "client/cli/pattern_report.h"
#include "client/cli/picture_row.h"
#include "client/cli/wire_rows.h"

namespace engram::cli {
namespace {

struct GetFlags {
  std::string bank;
  std::vector<uint64_t> ids;
  ImageFlags image;
};

absl::Status PrintImages(const GetFlags& flags, const Rows& patterns, const Screen& screen) {
  const absl::StatusOr<std::optional<ImageShape>> shape = ParseImageFlags(flags.image, patterns.cols);
  if (!shape.ok()) return shape.status();
  if (!shape->has_value()) return absl::OkStatus();
  std::vector<Picture> pictures;
  for (int64_t i = 0; i < patterns.count(); ++i) {
    pictures.push_back(
        {absl::StrCat("id ", flags.ids[static_cast<size_t>(i)]), (*shape)->ToImage(patterns.row(i))});
  }
  PrintPictures(pictures, screen);
  return absl::OkStatus();
}

absl::Status Print(const GetFlags& flags, const v1::GetPatternsResponse& response, const Context& context) {
  const auto count = static_cast<int64_t>(flags.ids.size());
  const absl::StatusOr<Rows> patterns = FromWire(response.patterns(), count);
  if (!patterns.ok()) return patterns.status();
  const absl::StatusOr<Rows> values = FromWire(response.values(), count);
  if (!values.ok()) return values.status();
  if (response.ids_size() != count || patterns->count() != count) {
    return absl::InternalError(
        absl::StrCat("the response has ", response.ids_size(), " patterns, expected ", count));
  }
  if (context.output == Output::kNpy) {
    *context.out.stream << ToNpy(patterns->values, patterns->cols);
    return absl::OkStatus();
  }
  if (context.output == Output::kJson) {
    PrintJson({{"bank", flags.bank},
               {"version", response.version()},
               {"patterns", PatternsJson(response, *patterns, *values)}},
              context);
    return absl::OkStatus();
  }
  PatternTable(response, *patterns, *values).Print(context.out);
  return PrintImages(flags, *patterns, context.out);
}

absl::Status Get(const GetFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson, Output::kNpy});
      !status.ok()) {
    return status;
  }
  if (!flags.image.size.empty() && context.output != Output::kTable)
    return UsageError("--show needs --output table");
  v1::GetPatternsRequest request;
  request.set_bank(flags.bank);
  request.mutable_ids()->Assign(flags.ids.begin(), flags.ids.end());
  const absl::StatusOr<v1::GetPatternsResponse> response =
      context.connect(context.connection).GetPatterns(request);
  if (!response.ok()) return response.status();
  return Print(flags, *response, context);
}

}  // namespace

void AddGetCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<GetFlags>();
  CLI::App& get = *app.add_subcommand("get", "Get patterns by id");
  get.add_option("BANK", flags->bank, "Name of the bank")->type_name("")->required();
  get.add_option("ID", flags->ids, "Ids of patterns")->type_name("")->required();
  AddImageFlags("--show", get, &flags->image);
  get.footer(
      "With --output npy the patterns [ids, dim] are written.\n\n"
      "Examples:\n"
      "  engram get digits 17 42 --show 8x8\n"
      "  engram get digits 17 -o npy > seventeen.npy");
  get.callback([=] { *chosen = [=](const Context& context) { return Get(*flags, context); }; });
}

}  // namespace engram::cli
