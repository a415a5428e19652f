#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "client/cli/bank_report.h"
#include "client/cli/commands.h"
#include "client/cli/dynamics_flags.h"
#include "client/cli/exit_code.h"
#include "client/cli/output.h"

namespace engram::cli {
namespace {

struct UpdateFlags {
  std::string name;
  std::optional<int64_t> max_patterns;
  DynamicsFlags dynamics;
};

absl::StatusOr<v1::UpdateBankRequest> ToRequest(const UpdateFlags& flags) {
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags.dynamics);
  if (!dynamics.ok()) return dynamics.status();
  v1::UpdateBankRequest request;
  request.set_name(flags.name);
  if (dynamics->ByteSizeLong() > 0) {
    *request.mutable_default_dynamics() = *dynamics;
    request.mutable_update_mask()->add_paths("default_dynamics");
  }
  if (flags.max_patterns.has_value()) {
    request.mutable_limits()->set_max_patterns(*flags.max_patterns);
    request.mutable_update_mask()->add_paths("limits");
  }
  if (request.update_mask().paths().empty())
    return UsageError("there is nothing to change: give --max-patterns or a flag of the dynamics");
  return request;
}

absl::Status Update(const UpdateFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  const absl::StatusOr<v1::UpdateBankRequest> request = ToRequest(flags);
  if (!request.ok()) return request.status();
  const absl::StatusOr<v1::Bank> bank = context.connect(context.connection).UpdateBank(*request);
  if (!bank.ok()) return bank.status();
  if (context.output == Output::kJson) {
    PrintJson(BankJson(*bank), context);
  } else {
    BankDetails(*bank).Print(context.out);
  }
  return absl::OkStatus();
}

}  // namespace

void AddBankUpdateCommand(CLI::App& bank, Command* chosen) {
  auto flags = std::make_shared<UpdateFlags>();
  CLI::App& update = *bank.add_subcommand("update", "Change a bank's default dynamics or its limit");
  update.add_option("BANK", flags->name, "Name of the bank")->type_name("")->required();
  update
      .add_option("--max-patterns", flags->max_patterns,
                  "Largest number of patterns; 0: bounded by memory only")
      ->type_name("N");
  AddDynamicsFlags(update, &flags->dynamics);
  update.footer(
      "What is not given stays as it is. Writes the bank as changed, as 'bank describe' does. Retrievals\n"
      "that are running keep the settings they began with.\n\n"
      "Examples:\n"
      "  engram bank update digits --beta 12.5\n"
      "  engram bank update digits --transform sparsemax --max-patterns 60000");
  update.callback([=] { *chosen = [=](const Context& context) { return Update(*flags, context); }; });
}

}  // namespace engram::cli
