#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/bank_report.h"
#include "client/cli/commands.h"
#include "client/cli/confirmation.h"
#include "client/cli/number_text.h"
#include "client/cli/output.h"

namespace engram::cli {
namespace {

struct DeleteFlags {
  std::string name;
  bool yes = false;
};

absl::Status List(const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  const absl::StatusOr<std::vector<v1::Bank>> banks = context.connect(context.connection).ListBanks();
  if (!banks.ok()) return banks.status();
  if (context.output == Output::kTable) {
    BankTable(*banks).Print(context.out);
    return absl::OkStatus();
  }
  Json list = Json::array();
  for (const v1::Bank& bank : *banks) list.push_back(BankJson(bank));
  PrintJson({{"banks", list}}, context);
  return absl::OkStatus();
}

absl::Status Describe(const std::string& name, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  const absl::StatusOr<v1::Bank> bank = context.connect(context.connection).GetBank(name);
  if (!bank.ok()) return bank.status();
  if (context.output == Output::kJson) {
    PrintJson(BankJson(*bank), context);
  } else {
    BankDetails(*bank).Print(context.out);
  }
  return absl::OkStatus();
}

absl::Status Delete(const DeleteFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  const Client client = context.connect(context.connection);
  if (!flags.yes) {
    const absl::StatusOr<v1::Bank> bank = client.GetBank(flags.name);
    if (!bank.ok()) return bank.status();
    const absl::StatusOr<bool> confirmed = ConfirmDeletion(
        "a bank",
        absl::StrCat("bank '", bank->name(), "' and its ", CountText(bank->pattern_count()), " patterns"),
        context);
    if (!confirmed.ok()) return confirmed.status();
    if (!*confirmed) return absl::CancelledError(absl::StrCat("bank '", flags.name, "' was not deleted"));
  }
  if (const absl::Status status = client.DeleteBank(flags.name); !status.ok()) return status;
  if (context.output == Output::kJson) {
    PrintJson({{"deleted", flags.name}}, context);
  } else {
    *context.out.stream << "deleted bank '" << flags.name << "'\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddBankCommand(CLI::App& app, Command* chosen) {
  CLI::App& bank = *app.add_subcommand("bank", "Create, list, describe, change and delete banks");
  bank.require_subcommand(1);
  bank.footer("Examples:\n  engram bank create digits --dim 64 --beta 8\n  engram bank list -o json");
  AddBankCreateCommand(bank, chosen);
  AddBankUpdateCommand(bank, chosen);

  CLI::App& list = *bank.add_subcommand("list", "List all banks by name");
  list.footer("Example:\n  engram bank list -o json | jq -r '.banks[].name'");
  list.callback([chosen] { *chosen = List; });

  auto name = std::make_shared<std::string>();
  CLI::App& describe =
      *bank.add_subcommand("describe", "Show a bank's settings, counts and default dynamics");
  describe.add_option("BANK", *name, "Name of the bank")->type_name("")->required();
  describe.footer("Example:\n  engram bank describe digits");
  describe.callback([=] { *chosen = [=](const Context& context) { return Describe(*name, context); }; });

  auto flags = std::make_shared<DeleteFlags>();
  CLI::App& remove = *bank.add_subcommand("delete", "Delete a bank and all its patterns");
  remove.add_option("BANK", flags->name, "Name of the bank")->type_name("")->required();
  remove.add_flag("-y,--yes", flags->yes, "Do not ask; needed without a terminal");
  remove.footer("Example:\n  engram bank delete digits --yes");
  remove.callback([=] { *chosen = [=](const Context& context) { return Delete(*flags, context); }; });
}

}  // namespace engram::cli
