#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/cli/choice_option.h"
#include "client/cli/commands.h"
#include "client/cli/dynamics_flags.h"
#include "client/cli/exit_code.h"
#include "client/cli/image_flags.h"
#include "client/cli/memory_report.h"
#include "client/cli/npy.h"
#include "client/cli/output.h"
#include "client/cli/pattern_source.h"
#include "client/cli/picture_row.h"
#include "client/cli/wire_rows.h"

namespace engram::cli {
namespace {

constexpr char kUsedUp[] = "used-up";
constexpr char kPenalty[] = "penalty";
constexpr char kSequential[] = "sequential";

struct RecallFlags {
  std::string bank;
  PatternSource query;
  std::string mode = kUsedUp;
  std::optional<double> strength;
  std::optional<double> decay;
  std::optional<double> bonus;
  int64_t max_memories = 0;
  DynamicsFlags dynamics;
  ImageFlags image;
};

absl::Status ValidateMode(const RecallFlags& flags) {
  if ((flags.strength.has_value() || flags.decay.has_value()) && flags.mode == kUsedUp)
    return UsageError("--strength and --decay need --mode penalty or sequential");
  if (flags.bonus.has_value() && flags.mode != kSequential)
    return UsageError("--bonus needs --mode sequential");
  return absl::OkStatus();
}

void SetPenalty(const RecallFlags& flags, v1::RecallRequest::Penalty* penalty) {
  if (flags.strength.has_value()) penalty->set_strength(*flags.strength);
  if (flags.decay.has_value()) penalty->set_decay(*flags.decay);
}

void SetMode(const RecallFlags& flags, v1::RecallRequest* request) {
  if (flags.mode == kPenalty) {
    SetPenalty(flags, request->mutable_penalty());
  } else if (flags.mode == kSequential) {
    SetPenalty(flags, request->mutable_sequential()->mutable_penalty());
    if (flags.bonus.has_value()) request->mutable_sequential()->set_bonus(*flags.bonus);
  } else {
    request->mutable_used_up();
  }
}

absl::StatusOr<v1::RecallRequest> ToRequest(const RecallFlags& flags, const Rows& query) {
  if (query.count() != 1)
    return UsageError(absl::StrCat("--query: got ", query.count(), " rows, recall begins with one"));
  const absl::StatusOr<v1::Dynamics> dynamics = ParseDynamics(flags.dynamics);
  if (!dynamics.ok()) return dynamics.status();
  v1::RecallRequest request;
  request.set_bank(flags.bank);
  *request.mutable_query() = ToWire(query);
  if (dynamics->ByteSizeLong() > 0) *request.mutable_dynamics() = *dynamics;
  SetMode(flags, &request);
  request.set_max_memories(flags.max_memories);
  return request;
}

// Writes memories as they come; a matrix, which begins with its number of rows, at the end.
class Writer {
 public:
  Writer(const Context& context, const std::optional<ImageShape>& shape, int64_t cols)
      : context_(context), shape_(shape), cols_(cols), table_(context.out) {}

  absl::Status Write(const v1::RecallResponse& memory) {
    const absl::StatusOr<Rows> state = FromWire(memory.state(), 1);
    if (!state.ok()) return state.status();
    const absl::StatusOr<Rows> value = FromWire(memory.value(), 1);
    if (!value.ok()) return value.status();
    if (state->cols != cols_) {
      return absl::InternalError(
          absl::StrCat("the response has a state of dimension ", state->cols, ", expected ", cols_));
    }
    if (context_.output == Output::kNpy) {
      states_.insert(states_.end(), state->values.begin(), state->values.end());
    } else if (context_.output == Output::kJson) {
      PrintJson(MemoryJson(memory, *state, *value), context_);
    } else {
      table_.Add(memory);
      if (shape_.has_value())
        PrintPictures({{absl::StrCat("id ", memory.id()), shape_->ToImage(state->row(0))}}, context_.out);
    }
    *context_.out.stream << std::flush;
    return absl::OkStatus();
  }

  void End() {
    if (context_.output == Output::kNpy) *context_.out.stream << ToNpy(states_, cols_);
  }

 private:
  const Context& context_;
  const std::optional<ImageShape>& shape_;
  const int64_t cols_;
  MemoryTable table_;
  std::vector<float> states_;
};

absl::Status Recall(const RecallFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson, Output::kNpy});
      !status.ok()) {
    return status;
  }
  if (!flags.image.size.empty() && context.output != Output::kTable)
    return UsageError("--show needs --output table");
  if (const absl::Status status = ValidateMode(flags); !status.ok()) return status;
  const absl::StatusOr<Rows> query = ReadRows(flags.query, context);
  if (!query.ok()) return query.status();
  const absl::StatusOr<std::optional<ImageShape>> shape = ParseImageFlags(flags.image, query->cols);
  if (!shape.ok()) return shape.status();
  const absl::StatusOr<v1::RecallRequest> request = ToRequest(flags, *query);
  if (!request.ok()) return request.status();
  Writer writer(context, *shape, query->cols);
  absl::Status written;
  const absl::Status status =
      context.connect(context.connection).Recall(*request, [&](const v1::RecallResponse& memory) {
        written = writer.Write(memory);
        return written.ok() && context.out.stream->good();
      });
  if (!status.ok()) return status;
  if (written.ok()) writer.End();
  return written;
}

}  // namespace

void AddRecallCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<RecallFlags>();
  CLI::App& recall = *app.add_subcommand("recall", "Recall one memory after another, beginning with a query");
  recall.add_option("BANK", flags->bank, "Name of the bank")->type_name("")->required();
  recall
      .add_option("-q,--query", flags->query.text,
                  "The query to begin with: a file of one row; '-' is standard input; or numbers: 0.1,0.2")
      ->required()
      ->type_name("FILE");
  AddFormatFlag(recall, &flags->query);
  AddChoice(recall, "--mode", flags->mode, {kUsedUp, kPenalty, kSequential},
            "How one memory leads to the next")
      ->capture_default_str();
  recall.add_option("--strength", flags->strength, "Penalty on what was recalled, above 0 [1e9]");
  recall.add_option("--decay", flags->decay, "Share of each memory in the penalty, in (0, 1] [0.001]");
  recall.add_option("--bonus", flags->bonus, "Sequential: preference for the memory just recalled [1.1]");
  recall.add_option("--max", flags->max_memories, "Stop after N memories [the bank is exhausted]")
      ->type_name("N");
  AddImageFlags("--show", recall, &flags->image);
  AddDynamicsFlags(recall, &flags->dynamics);
  recall.footer(
      "Modes: used-up takes the weight of a memory away from what is left (constrained sparsemax); penalty\n"
      "lowers the scores of what was recalled; sequential goes from a memory to its neighbour in id order.\n"
      "Each memory is written as it comes: a line of the table, or a line of JSON. --output npy writes the\n"
      "states [n, dim] at the end. Ctrl-C stops it.\n\n"
      "Examples:\n"
      "  engram recall digits --query noisy.npy --beta 20\n"
      "  engram recall digits --query 0.1,0.2 --mode penalty --max 5 --show 8x8\n"
      "  engram recall songs --query - --mode sequential -o json < first.csv | jq .id");
  recall.callback([=] { *chosen = [=](const Context& context) { return Recall(*flags, context); }; });
}

}  // namespace engram::cli
