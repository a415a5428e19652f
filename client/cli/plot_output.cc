#include "client/cli/plot_output.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/cli/dynamics_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/number_text.h"

namespace engram::cli {
namespace {

absl::Status WriteFile(const std::string& path, const std::string& contents) {
  errno = 0;
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (!file) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open '", path, "'"));
  file << contents;
  file.close();
  if (!file) return absl::ErrnoToStatus(errno, absl::StrCat("cannot write '", path, "'"));
  return absl::OkStatus();
}

}  // namespace

void AddPlotFlags(CLI::App& command, PlotFlags* flags) {
  command.add_option("BANK", flags->bank, "Name of the bank")->type_name("")->required();
  command.add_option("-o,--output", flags->output, "A file .svg; or svg, or json, to standard output [svg]")
      ->type_name("svg|json|FILE");
  command.add_option("--width", flags->width, "Width of the picture in pixels")
      ->check(CLI::Range(kNarrowestPlot, kWidestPlot).description(""))
      ->type_name("PIXELS")
      ->capture_default_str();
}

absl::StatusOr<PlotOutput> ParsePlotOutput(const PlotFlags& flags, const Context& context) {
  const bool is_unset = flags.output.empty();
  if (is_unset && context.output != Output::kTable && context.output != Output::kJson)
    return UsageError("--output: a plot writes svg or json, or a file whose name ends in .svg");
  if (flags.output == "json" || (is_unset && context.output == Output::kJson))
    return PlotOutput{PlotOutput::Kind::kJson, ""};
  if (absl::EndsWith(flags.output, ".svg")) return PlotOutput{PlotOutput::Kind::kFile, flags.output};
  if (!is_unset && flags.output != "svg") {
    return UsageError(absl::StrCat("--output: got '", flags.output,
                                   "', a plot writes svg or json, or a file whose name ends in .svg"));
  }
  if (context.out.is_terminal) {
    return UsageError(
        absl::StrCat("a picture is SVG, which a terminal does not draw: write it to a file "
                     "that a browser opens, as in '-o ",
                     flags.bank, ".svg', or get its numbers with '-o json'"));
  }
  return PlotOutput();
}

absl::Status WritePlot(const Plot& plot, const PlotOutput& output, const Context& context) {
  switch (output.kind) {
    case PlotOutput::Kind::kSvg:
      *context.out.stream << plot.svg;
      break;
    case PlotOutput::Kind::kJson:
      PrintJson(plot.json, context);
      break;
    case PlotOutput::Kind::kFile:
      if (const absl::Status status = WriteFile(output.path, plot.svg); !status.ok()) return status;
      plot.table.Print(context.out);
      *context.out.stream << "wrote '" << output.path << "'\n";
      break;
  }
  return absl::OkStatus();
}

std::string DynamicsText(const v1::Dynamics& dynamics, bool has_beta) {
  std::string text = TransformText(dynamics);
  const std::string post = PostTransformText(dynamics);
  if (post != "identity") absl::StrAppend(&text, ", ", post);
  if (has_beta) absl::StrAppend(&text, ", beta ", NumberText(dynamics.beta()));
  return text;
}

}  // namespace engram::cli
