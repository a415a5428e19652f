#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "client/cli/capabilities_report.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"

namespace engram::cli {
namespace {

absl::Status Info(const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  const absl::StatusOr<v1::GetCapabilitiesResponse> response =
      context.connect(context.connection).GetCapabilities();
  if (!response.ok()) return response.status();
  if (context.output == Output::kJson) {
    PrintJson(CapabilitiesJson(*response), context);
  } else {
    CapabilitiesTable(*response).Print(context.out);
  }
  return absl::OkStatus();
}

}  // namespace

void AddInfoCommand(CLI::App& app, Command* chosen) {
  CLI::App& info = *app.add_subcommand("info", "Show what the server is, can do and allows");
  info.footer("Example:\n  engram info --server memory.example:7411");
  info.callback([chosen] { *chosen = Info; });
}

}  // namespace engram::cli
