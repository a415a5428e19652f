#include <CLI/CLI.hpp>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/dynamics_flags.h"
#include "client/cli/exit_code.h"
#include "client/cli/image_flags.h"
#include "client/cli/npy.h"
#include "client/cli/output.h"
#include "client/cli/pattern_source.h"
#include "client/cli/picture_row.h"
#include "client/cli/retrieval_report.h"
#include "client/cli/wire_rows.h"

namespace engram::cli {
namespace {

// Support entries of a query in a table, unless --max-support says otherwise.
constexpr int kShownSupport = 10;

struct RetrieveFlags {
  std::string bank;
  PatternSource query;
  DynamicsFlags dynamics;
  ImageFlags image;
  std::optional<int64_t> max_support;
  bool payloads = false;
  bool no_energy = false;
  bool fast = false;
};

v1::RetrieveRequest ToRequest(const RetrieveFlags& flags, const v1::Dynamics& dynamics, const Rows& queries) {
  v1::RetrieveRequest request;
  request.set_bank(flags.bank);
  *request.mutable_queries() = ToWire(queries);
  *request.mutable_dynamics() = dynamics;
  if (flags.max_support.has_value()) request.set_max_support(*flags.max_support);
  request.mutable_support_parts()->set_payloads(flags.payloads);
  request.set_omit_energy(flags.no_energy);
  if (flags.fast) request.set_arithmetic(v1::ARITHMETIC_FAST);
  return request;
}

void PrintImages(const Rows& queries, const Rows& states, const v1::RetrieveResponse& response,
                 const ImageShape& shape, const Screen& screen) {
  for (int i = 0; i < response.retrievals_size(); ++i) {
    PrintPictures({{absl::StrCat("query ", i), shape.ToImage(queries.row(i))},
                   {"recalled", shape.ToImage(states.row(i))}},
                  screen);
  }
}

absl::Status Print(const RetrieveFlags& flags, const Rows& queries, const std::optional<ImageShape>& shape,
                   const v1::RetrieveResponse& response, const Context& context) {
  const absl::StatusOr<Rows> states = FromWire(response.states(), response.retrievals_size());
  if (!states.ok()) return states.status();
  const absl::StatusOr<Rows> values = FromWire(response.values(), response.retrievals_size());
  if (!values.ok()) return values.status();
  if (states->count() != queries.count() || states->cols != queries.cols) {
    return absl::InternalError(absl::StrCat("the response has states [", states->count(), ", ", states->cols,
                                            "] for queries [", queries.count(), ", ", queries.cols, "]"));
  }
  if (context.output == Output::kNpy) {
    *context.out.stream << ToNpy(states->values, states->cols);
  } else if (context.output == Output::kJson) {
    PrintJson({{"bank", flags.bank},
               {"version", response.version()},
               {"retrievals", RetrievalsJson(response, *states, *values)}},
              context);
  } else {
    RetrievalTable(response).Print(context.out);
    *context.out.stream << '\n';
    const int entries = flags.max_support.has_value() ? std::numeric_limits<int>::max() : kShownSupport;
    SupportTable(response, entries).Print(context.out);
    if (shape.has_value()) PrintImages(queries, *states, response, *shape, context.out);
  }
  return absl::OkStatus();
}

absl::Status Retrieve(const RetrieveFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson, Output::kNpy});
      !status.ok()) {
    return status;
  }
  if (!flags.image.size.empty() && context.output != Output::kTable)
    return UsageError("--show needs --output table");
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags.dynamics);
  if (!dynamics.ok()) return dynamics.status();
  const absl::StatusOr<Rows> queries = ReadRows(flags.query, context);
  if (!queries.ok()) return queries.status();
  const absl::StatusOr<std::optional<ImageShape>> shape = ParseImageFlags(flags.image, queries->cols);
  if (!shape.ok()) return shape.status();
  const absl::StatusOr<v1::RetrieveResponse> response =
      context.connect(context.connection).Retrieve(ToRequest(flags, *dynamics, *queries));
  if (!response.ok()) return response.status();
  return Print(flags, *queries, *shape, *response, context);
}

}  // namespace

void AddRetrieveCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<RetrieveFlags>();
  CLI::App& retrieve = *app.add_subcommand("retrieve", "Recall what queries remind a bank of");
  retrieve.add_option("BANK", flags->bank, "Name of the bank")->type_name("")->required();
  retrieve
      .add_option("-q,--query", flags->query.text,
                  "Queries, one a row; '-' is standard input; or numbers: 0.1,0.2")
      ->required()
      ->type_name("FILE");
  AddFormatFlag(retrieve, &flags->query);
  retrieve
      .add_option("--max-support", flags->max_support, "Support entries of a query [100; a table shows 10]")
      ->type_name("S");
  retrieve.add_flag("--payloads", flags->payloads, "Return the payloads of the support");
  retrieve.add_flag("--no-energy", flags->no_energy, "Do not compute energies");
  retrieve.add_flag("--fast", flags->fast, "Softmax in float32, one read an update, with an error bound");
  AddImageFlags("--show", retrieve, &flags->image);
  AddDynamicsFlags(retrieve, &flags->dynamics);
  retrieve.footer(
      "--top-k alone means --transform k-subsets, --alpha alone means entmax. The weights of k-subsets\n"
      "add up to K. An exact answer is a stored pattern, or the sum of K of them, bit for bit; its "
      "separation\n"
      "is the lead of its score, which certifies it where it is as large as needed. With --output npy the "
      "recalled states [queries, dim] are written.\n\n"
      "Examples:\n"
      "  engram retrieve digits --query noisy.npy\n"
      "  engram retrieve digits --query noisy.npy --show 8x8 --beta 8\n"
      "  engram retrieve digits --query mixed.npy --top-k 3 --payloads\n"
      "  engram retrieve digits --query noisy.npy --transform constrained-sparsemax --upper-bounds "
      "bounds.txt\n"
      "  engram retrieve colours --query 0.9,0.1,0.2 -o json | jq '.retrievals[0].support'\n"
      "  engram retrieve digits --query noisy.npy -o npy > recalled.npy");
  retrieve.callback([=] { *chosen = [=](const Context& context) { return Retrieve(*flags, context); }; });
}

}  // namespace engram::cli
