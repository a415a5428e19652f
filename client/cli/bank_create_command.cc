#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/bank_report.h"
#include "client/cli/choice_option.h"
#include "client/cli/commands.h"
#include "client/cli/dynamics_flags.h"
#include "client/cli/output.h"

namespace engram::cli {
namespace {

constexpr v1::Durability kDurabilities[] = {v1::DURABILITY_VOLATILE, v1::DURABILITY_RELAXED,
                                            v1::DURABILITY_SYNCED};
constexpr v1::Screening kScreenings[] = {v1::SCREENING_INT8, v1::SCREENING_NONE};

struct CreateFlags {
  std::string name;
  int64_t dim = 0;
  int64_t value_dim = 0;
  int64_t max_patterns = 0;
  std::string durability;
  std::string screening;
  DynamicsFlags dynamics;
};

std::vector<std::string> DurabilityNames() {
  std::vector<std::string> names;
  for (v1::Durability durability : kDurabilities) names.push_back(DurabilityText(durability));
  return names;
}

std::vector<std::string> ScreeningNames() {
  std::vector<std::string> names;
  for (v1::Screening screening : kScreenings) names.push_back(ScreeningText(screening));
  return names;
}

absl::StatusOr<v1::CreateBankRequest> ToRequest(const CreateFlags& flags) {
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags.dynamics);
  if (!dynamics.ok()) return dynamics.status();
  v1::CreateBankRequest request;
  request.set_name(flags.name);
  request.set_dim(flags.dim);
  request.set_value_dim(flags.value_dim);
  if (flags.max_patterns != 0) request.mutable_limits()->set_max_patterns(flags.max_patterns);
  for (v1::Durability durability : kDurabilities) {
    if (flags.durability == DurabilityText(durability)) request.set_durability(durability);
  }
  for (v1::Screening screening : kScreenings) {
    if (flags.screening == ScreeningText(screening)) request.set_screening(screening);
  }
  *request.mutable_default_dynamics() = *dynamics;
  return request;
}

absl::Status Create(const CreateFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  const absl::StatusOr<v1::CreateBankRequest> request = ToRequest(flags);
  if (!request.ok()) return request.status();
  const absl::StatusOr<v1::Bank> bank = context.connect(context.connection).CreateBank(*request);
  if (!bank.ok()) return bank.status();
  if (context.output == Output::kJson) {
    PrintJson(BankJson(*bank), context);
  } else {
    *context.out.stream << "created bank '" << bank->name() << "' of dimension " << bank->dim() << '\n';
  }
  return absl::OkStatus();
}

}  // namespace

void AddBankCreateCommand(CLI::App& bank, Command* chosen) {
  auto flags = std::make_shared<CreateFlags>();
  CLI::App& create = *bank.add_subcommand("create", "Create an empty bank");
  create.add_option("BANK", flags->name, "Name: letters, digits, '.', '_' and '-', at most 128")
      ->type_name("")
      ->required();
  create.add_option("--dim", flags->dim, "Dimension of the patterns")->required()->type_name("D");
  create.add_option("--value-dim", flags->value_dim, "Dimension of the values [no values]")->type_name("V");
  create.add_option("--max-patterns", flags->max_patterns, "Largest number of patterns [bounded by memory]")
      ->type_name("N");
  AddChoice(create, "--durability", flags->durability, DurabilityNames(),
            "What an acknowledged write survives [the server's default]");
  AddChoice(create, "--screening", flags->screening, ScreeningNames(),
            "int8: codes beside the patterns, for fast sweeps; none: a fifth less memory [int8]");
  AddDynamicsFlags(create, &flags->dynamics);
  create.footer(
      "The dynamics become the bank's defaults; those not given are entmax with alpha 1.5, beta 1,\n"
      "100 iterations and tolerance 1e-6.\n\n"
      "Screening cannot be changed later. Codes of 8 bits let a sweep read a quarter of the bytes, for a\n"
      "quarter more memory than the patterns alone; what is retrieved is the same, to the last bit.\n\n"
      "Examples:\n"
      "  engram bank create digits --dim 64\n"
      "  engram bank create digits --dim 64 --transform sparsemax --beta 8\n"
      "  engram bank create names --dim 784 --value-dim 10 --max-patterns 60000\n"
      "  engram bank create archive --dim 768 --screening none");
  create.callback([=] { *chosen = [=](const Context& context) { return Create(*flags, context); }; });
}

}  // namespace engram::cli
