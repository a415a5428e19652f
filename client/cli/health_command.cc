#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/output.h"

namespace engram::cli {
namespace {

// A health check answers soon or counts as failed, and is repeated by whoever asks.
constexpr absl::Duration kLongestWait = absl::Seconds(5);

absl::Status Health(const std::string& bank, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  ConnectionOptions connection = context.connection;
  if (connection.timeout == absl::InfiniteDuration()) connection.timeout = kLongestWait;
  connection.max_attempts = 1;
  const absl::Status status =
      context.connect(connection).CheckHealth(bank.empty() ? "" : absl::StrCat("bank/", bank));
  if (!status.ok()) return status;
  if (context.output == Output::kJson) {
    PrintJson({{"serving", true}}, context);
  } else {
    *context.out.stream << "serving\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddHealthCommand(CLI::App& app, Command* chosen) {
  auto bank = std::make_shared<std::string>();
  CLI::App& health = *app.add_subcommand("health", "Exit with 0 if the server, or a bank, is serving");
  health.add_option("BANK", *bank, "Name of a bank [the whole server]")->type_name("");
  health.footer(
      "Does not retry and waits 5 seconds unless --timeout is given: made for health checks.\n\n"
      "Examples:\n"
      "  engram health\n"
      "  engram health digits --timeout 1s");
  health.callback([=] { *chosen = [=](const Context& context) { return Health(*bank, context); }; });
}

}  // namespace engram::cli
