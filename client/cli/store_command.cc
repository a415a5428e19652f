#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/number_text.h"
#include "client/cli/output.h"
#include "client/cli/progress_bar.h"
#include "client/cli/store_request.h"

namespace engram::cli {
namespace {

struct StoreFlags {
  std::string bank;
  StoreSources sources;
  bool create = false;
  bool atomic = false;
};

// A bank that appears in between is as good as one that was there.
absl::Status CreateIfMissing(const v1::StoreRequest& request, const Client& client) {
  const absl::StatusOr<v1::Bank> bank = client.GetBank(request.bank());
  if (bank.ok() || !absl::IsNotFound(bank.status())) return bank.status();
  v1::CreateBankRequest create;
  create.set_name(request.bank());
  create.set_dim(request.patterns().cols());
  create.set_value_dim(request.values().cols());
  const absl::Status status = client.CreateBank(create).status();
  return absl::IsAlreadyExists(status) ? absl::OkStatus() : status;
}

std::string IdsText(const std::vector<uint64_t>& ids) {
  if (ids.empty()) return "";
  const auto [low, high] = std::minmax_element(ids.begin(), ids.end());
  return *low == *high ? absl::StrCat(", id ", *low) : absl::StrCat(", ids ", *low, " to ", *high);
}

void Print(const std::string& bank, const BulkStored& stored, const Context& context) {
  if (context.output == Output::kJson) {
    PrintJson({{"bank", bank},
               {"stored_count", stored.row_count},
               {"ids", stored.ids},
               {"version", stored.version}},
              context);
  } else {
    *context.out.stream << "stored " << CountText(stored.row_count) << " patterns in '" << bank << "'"
                        << IdsText(stored.ids) << ", version " << stored.version << '\n';
  }
}

absl::Status Store(const StoreFlags& flags, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson}); !status.ok())
    return status;
  const absl::StatusOr<v1::StoreRequest> request = ReadStoreRequest(flags.bank, flags.sources, context);
  if (!request.ok()) return request.status();
  const Client client = context.connect(context.connection);
  if (flags.create) {
    if (const absl::Status status = CreateIfMissing(*request, client); !status.ok()) return status;
  }
  BulkStoreOptions options;
  options.bank = flags.bank;
  options.atomic = flags.atomic;
  absl::StatusOr<BulkStored> stored;
  {
    ProgressBar bar(context.err, "storing", request->patterns().rows(), absl::Now());
    bar.Update(0, absl::Now());
    stored = client.BulkStore(options, *request, [&bar](int64_t done) { bar.Update(done, absl::Now()); });
  }
  if (!stored.ok()) return stored.status();
  Print(flags.bank, *stored, context);
  return absl::OkStatus();
}

}  // namespace

void AddStoreCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<StoreFlags>();
  StoreSources& sources = flags->sources;
  CLI::App& store = *app.add_subcommand("store", "Store the patterns of a file in a bank");
  store.add_option("BANK", flags->bank, "Name of the bank")->type_name("")->required();
  store.add_option("FILE", sources.patterns.text, "Patterns, one a row; '-' is standard input")
      ->required()
      ->type_name("FILE");
  AddFormatFlag(store, &sources.patterns);
  store.add_option("--ids", sources.ids, "Ids, one a line [assigned by the server]")->type_name("FILE");
  store.add_option("--values", sources.values, "Values, one a row, in any of the formats")->type_name("FILE");
  store.add_option("--payloads", sources.payloads, "Payloads, one a line")->type_name("FILE");
  store.add_flag("--create", flags->create, "Create the bank if it is missing, with the file's dimension");
  store.add_flag("--atomic", flags->atomic, "Make the patterns visible all at once, at the end");
  store.footer(
      "Formats: npy; csv (comma, semicolon, tab or spaces; '#' comments; optional header); fvecs; and\n"
      "jsonl, whose lines are [0.1, 0.2] or {\"pattern\": [0.1, 0.2], \"id\": 7, \"value\": [1], "
      "\"payload\": \"text\"}.\n"
      "Storing an id again replaces its pattern. Patterns go in chunks of 1 MiB, each\n"
      "stored whole or not at all; when the server is away for a while, storing goes on where it stopped.\n"
      "With --atomic nothing is visible before everything is stored.\n\n"
      "Examples:\n"
      "  engram store digits digits.npy --create\n"
      "  engram store digits digits.csv --ids ids.txt --payloads labels.txt\n"
      "  engram store digits digits.npy --atomic\n"
      "  engram get digits 1 2 -o json | jq -c '.patterns[]' | engram store copy - --create");
  store.callback([=] { *chosen = [=](const Context& context) { return Store(*flags, context); }; });
}

}  // namespace engram::cli
