#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/cli/dynamics_flags.h"
#include "client/cli/output.h"
#include "client/cli/progress_bar.h"
#include "client/cli/separation_report.h"

namespace engram::cli {
namespace {

struct SeparationFlags {
  std::string bank;
  std::optional<int64_t> pairs;
  std::optional<int32_t> bins;
  DynamicsFlags dynamics;
};

// The report, and the number of patterns in all, which comes with the progress.
struct Report {
  v1::SeparationReport separation;
  int64_t pattern_count = 0;
};

absl::StatusOr<Report> Ask(const v1::ReportSeparationRequest& request, const Context& context) {
  Report report;
  std::optional<ProgressBar> bar;
  const absl::Time start = absl::Now();
  absl::StatusOr<v1::SeparationReport> separation =
      context.connect(context.connection).ReportSeparation(request, [&](int64_t done, int64_t total) {
        report.pattern_count = total;
        if (!bar.has_value() && total > 0) bar.emplace(context.err, "comparing", total, start);
        if (bar.has_value()) bar->Update(done, absl::Now());
      });
  if (!separation.ok()) return separation.status();
  report.separation = *std::move(separation);
  return report;
}

void Print(const std::string& bank, const Report& report, const Context& context) {
  const v1::SeparationReport& separation = report.separation;
  if (context.output == Output::kJson) {
    Json json = {{"bank", bank}};
    json.update(SeparationJson(separation, report.pattern_count));
    PrintJson(json, context);
    return;
  }
  std::ostream& out = *context.out.stream;
  SeparationTable(separation, report.pattern_count).Print(context.out);
  if (separation.histogram_counts_size() > 0) {
    out << '\n';
    SeparationHistogram(separation, context.out).Print(context.out);
  }
  if (separation.pairs_size() > 0) {
    out << '\n';
    ConfusablePairs(separation).Print(context.out);
  }
  out << '\n' << SuggestionsText(separation);
}

absl::Status Separation(const SeparationFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags.dynamics);
  if (!dynamics.ok()) return dynamics.status();
  v1::ReportSeparationRequest request;
  request.set_bank(flags.bank);
  if (dynamics->ByteSizeLong() > 0) *request.mutable_dynamics() = *dynamics;
  if (flags.pairs.has_value()) request.set_max_pairs(*flags.pairs);
  if (flags.bins.has_value()) request.set_bins(*flags.bins);
  const absl::StatusOr<Report> report = Ask(request, context);
  if (!report.ok()) return report.status();
  Print(flags.bank, *report, context);
  return absl::OkStatus();
}

}  // namespace

void AddSeparationCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<SeparationFlags>();
  CLI::App& separation = *app.add_subcommand(
      "separation", "Report how well a bank's patterns can be told apart, to choose beta");
  separation.add_option("BANK", flags->bank, "Name of the bank")->type_name("")->required();
  separation.add_option("--pairs", flags->pairs, "Confusable pairs to show [10]")->type_name("N");
  separation.add_option("--bins", flags->bins, "Bins of the histogram [20]")->type_name("N");
  AddDynamicsFlags(separation, &flags->dynamics);
  separation.footer(
      "The separation of a pattern is the lead of its own score over the best of all others when it is the\n"
      "query: x.x - max x.y. It is retrieved exactly if that is at least the margin of the transformation\n"
      "divided by beta. Duplicates have a separation of 0; dominated patterns a negative one, at any beta.\n"
      "Takes time in proportion to the square of the number of patterns.\n\n"
      "Examples:\n"
      "  engram separation digits\n"
      "  engram separation digits --transform sparsemax --beta 8 --pairs 20\n"
      "  engram separation digits -o json | jq '.suggestions[] | select(.share == 0.99).beta'");
  separation.callback([=] { *chosen = [=](const Context& context) { return Separation(*flags, context); }; });
}

}  // namespace engram::cli
