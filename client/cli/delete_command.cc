#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/cli/number_text.h"
#include "client/cli/output.h"

namespace engram::cli {
namespace {

struct DeleteFlags {
  std::string bank;
  std::vector<uint64_t> ids;
  bool allow_missing = false;
};

absl::Status Delete(const DeleteFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  v1::DeletePatternsRequest request;
  request.set_bank(flags.bank);
  request.mutable_ids()->Assign(flags.ids.begin(), flags.ids.end());
  request.set_allow_missing(flags.allow_missing);
  const absl::StatusOr<v1::DeletePatternsResponse> response =
      context.connect(context.connection).DeletePatterns(request);
  if (!response.ok()) return response.status();
  if (context.output == Output::kJson) {
    PrintJson({{"bank", flags.bank},
               {"deleted_count", response->deleted_count()},
               {"version", response->version()}},
              context);
  } else {
    *context.out.stream << "deleted " << CountText(response->deleted_count()) << " patterns from '"
                        << flags.bank << "', version " << response->version() << '\n';
  }
  return absl::OkStatus();
}

}  // namespace

void AddDeleteCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<DeleteFlags>();
  CLI::App& remove = *app.add_subcommand("delete", "Delete patterns by id, all or none");
  remove.add_option("BANK", flags->bank, "Name of the bank")->type_name("")->required();
  remove.add_option("ID", flags->ids, "Ids of patterns")->type_name("")->required();
  remove.add_flag("--allow-missing", flags->allow_missing, "Skip ids that the bank does not have");
  remove.footer("Example:\n  engram delete digits 17 42 --allow-missing");
  remove.callback([=] { *chosen = [=](const Context& context) { return Delete(*flags, context); }; });
}

}  // namespace engram::cli
