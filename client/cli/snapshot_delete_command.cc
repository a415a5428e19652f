#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/confirmation.h"
#include "client/cli/output.h"
#include "client/cli/snapshot_place.h"

namespace engram::cli {
namespace {

struct DeleteFlags {
  std::string name;
  bool yes = false;
};

absl::Status Delete(const SnapshotPlace& place, const DeleteFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  const std::string title = Title(place, flags.name);
  if (!flags.yes) {
    const absl::StatusOr<bool> confirmed = ConfirmDeletion(absl::StrCat("a ", place.word), title, context);
    if (!confirmed.ok()) return confirmed.status();
    if (!*confirmed) return absl::CancelledError(absl::StrCat(title, " was not deleted"));
  }
  v1::DeleteSnapshotRequest request;
  request.set_name(flags.name);
  request.set_place(place.wire);
  const absl::Status status = context.connect(context.connection).DeleteSnapshot(request);
  if (!status.ok()) return status;
  if (context.output == Output::kJson) {
    PrintJson({{"deleted", flags.name}}, context);
  } else {
    *context.out.stream << "deleted " << title << '\n';
  }
  return absl::OkStatus();
}

}  // namespace

void AddSnapshotDeleteCommand(CLI::App& parent, const SnapshotPlace& place, Command* chosen) {
  auto flags = std::make_shared<DeleteFlags>();
  CLI::App& remove = *parent.add_subcommand("delete", TextFor(place, "Delete a %"));
  remove.add_option("NAME", flags->name, TextFor(place, "Name of the %"))->type_name("")->required();
  remove.add_flag("-y,--yes", flags->yes, "Do not ask; needed without a terminal");
  remove.footer(TextFor(place,
                        "What banks or other %s share with it stays.\n\n"
                        "Example:\n  engram % delete before-cleaning --yes"));
  remove.callback([=] { *chosen = [=](const Context& context) { return Delete(place, *flags, context); }; });
}

}  // namespace engram::cli
