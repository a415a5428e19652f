#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "client/cli/commands.h"
#include "client/cli/dynamics_flags.h"
#include "client/cli/energy_report.h"
#include "client/cli/npy.h"
#include "client/cli/output.h"
#include "client/cli/pattern_source.h"
#include "client/cli/wire_rows.h"

namespace engram::cli {
namespace {

struct EnergyFlags {
  std::string bank;
  PatternSource states;
  DynamicsFlags dynamics;
};

absl::Status Energy(const EnergyFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson, Output::kNpy});
      !status.ok()) {
    return status;
  }
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags.dynamics);
  if (!dynamics.ok()) return dynamics.status();
  const absl::StatusOr<Rows> states = ReadRows(flags.states, context);
  if (!states.ok()) return states.status();
  v1::EnergyRequest request;
  request.set_bank(flags.bank);
  *request.mutable_states() = ToWire(*states);
  *request.mutable_dynamics() = *dynamics;
  const absl::StatusOr<v1::EnergyResponse> response = context.connect(context.connection).Energy(request);
  if (!response.ok()) return response.status();
  if (context.output == Output::kNpy) {
    *context.out.stream << ToNpy(TotalEnergies(*response));
  } else if (context.output == Output::kJson) {
    PrintJson({{"bank", flags.bank}, {"version", response->version()}, {"energies", EnergiesJson(*response)}},
              context);
  } else {
    EnergyTable(*response).Print(context.out);
  }
  return absl::OkStatus();
}

}  // namespace

void AddEnergyCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<EnergyFlags>();
  CLI::App& energy = *app.add_subcommand("energy", "Compute the energy of states");
  energy.add_option("BANK", flags->bank, "Name of the bank")->type_name("")->required();
  energy
      .add_option("-s,--states", flags->states.text,
                  "States, one a row; '-' is standard input; or numbers: 0.1,0.2")
      ->required()
      ->type_name("FILE");
  AddFormatFlag(energy, &flags->states);
  AddDynamicsFlags(energy, &flags->dynamics);
  energy.footer(
      "The energy is the sum of its concave and its convex part; retrieval never raises it. It is inf, in\n"
      "JSON the string \"inf\", outside the range of the post-transformation; so is the upper bound where\n"
      "there is none. With --output npy the energies [states] are written as float64.\n\n"
      "Examples:\n"
      "  engram energy digits --states noisy.npy --beta 8\n"
      "  engram energy colours --states 0.9,0.1,0.2 --transform softmax -o json");
  energy.callback([=] { *chosen = [=](const Context& context) { return Energy(*flags, context); }; });
}

}  // namespace engram::cli
