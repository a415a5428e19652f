#ifndef ENGRAM_CLIENT_CLI_PLOT_OUTPUT_H_
#define ENGRAM_CLIENT_CLI_PLOT_OUTPUT_H_

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "client/cli/output.h"
#include "client/cli/plot_frame.h"
#include "client/cli/table.h"
#include "engram/v1/dynamics.pb.h"

namespace CLI {
class App;
}

namespace engram::cli {

// The flags that all plots take, as given.
struct PlotFlags {
  std::string bank;
  // "", "svg", "json", or the path of an SVG file.
  std::string output;
  int width = kPlotWidth;
};

// Adds BANK, --output, which here also takes a file, and --width.
void AddPlotFlags(CLI::App& command, PlotFlags* flags);

// Where a plot goes.
struct PlotOutput {
  enum class Kind { kSvg, kJson, kFile };
  Kind kind = Kind::kSvg;
  std::string path;
};

// A usage error when the output is none that a plot has, or a picture would go to a terminal.
absl::StatusOr<PlotOutput> ParsePlotOutput(const PlotFlags& flags, const Context& context);

// What a plot has to tell: the picture, and the numbers that are in it.
struct Plot {
  std::string svg;
  Json json;
  // Said on standard output when the picture goes to a file.
  Table table = Table({});
};

// Writes the part of `plot` that was asked for. Errors of a file are those of the operating system.
absl::Status WritePlot(const Plot& plot, const PlotOutput& output, const Context& context);

// The dynamics that matter for what a picture shows: "entmax, alpha 1.5, beta 4". Without `has_beta` beta
// is left out.
std::string DynamicsText(const v1::Dynamics& dynamics, bool has_beta = true);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PLOT_OUTPUT_H_
