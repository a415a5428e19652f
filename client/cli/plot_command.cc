#include <CLI/CLI.hpp>

#include "client/cli/commands.h"

namespace engram::cli {

void AddPlotCommand(CLI::App& app, Command* chosen) {
  CLI::App& plot = *app.add_subcommand("plot", "Draw what a bank does as a picture (SVG)");
  plot.require_subcommand(1);
  plot.footer(
      "Examples:\n"
      "  engram plot basins five -o basins.svg --beta 4\n"
      "  engram plot energy digits --query noisy.npy > energy.svg");
  AddPlotContoursCommand(plot, chosen);
  AddPlotBasinsCommand(plot, chosen);
  AddPlotEnergyCommand(plot, chosen);
  AddPlotSupportCommand(plot, chosen);
  AddPlotSeparationCommand(plot, chosen);
}

}  // namespace engram::cli
