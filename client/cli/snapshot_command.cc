#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/byte_progress.h"
#include "client/cli/commands.h"
#include "client/cli/number_text.h"
#include "client/cli/output.h"
#include "client/cli/snapshot_place.h"
#include "client/cli/snapshot_report.h"

namespace engram::cli {
namespace {

struct SnapshotFlags {
  SnapshotPlace place;
  std::string name;
};

template <typename Request>
Request ToRequest(const SnapshotFlags& flags) {
  Request request;
  request.set_name(flags.name);
  request.set_place(flags.place.wire);
  return request;
}

absl::Status Create(const SnapshotFlags& flags, const Context& context) {
  const absl::StatusOr<v1::Snapshot> snapshot =
      context.connect(context.connection)
          .CreateSnapshot(ToRequest<v1::CreateSnapshotRequest>(flags),
                          ShowByteProgress(context.err, "copying"));
  if (!snapshot.ok()) return snapshot.status();
  if (context.output == Output::kJson) {
    PrintJson(SnapshotWithBanksJson(*snapshot), context);
  } else {
    *context.out.stream << "created " << flags.place.word << " '" << snapshot->name() << "' of "
                        << CountText(snapshot->bank_count()) << " banks and "
                        << CountText(snapshot->pattern_count()) << " patterns, "
                        << BytesText(snapshot->file_bytes()) << '\n';
  }
  return absl::OkStatus();
}

absl::Status List(const SnapshotFlags& flags, const Context& context) {
  v1::ListSnapshotsRequest request;
  request.set_place(flags.place.wire);
  const absl::StatusOr<std::vector<v1::Snapshot>> snapshots =
      context.connect(context.connection).ListSnapshots(request);
  if (!snapshots.ok()) return snapshots.status();
  if (context.output == Output::kTable) {
    SnapshotTable(*snapshots).Print(context.out);
    return absl::OkStatus();
  }
  Json list = Json::array();
  for (const v1::Snapshot& snapshot : *snapshots) list.push_back(SnapshotJson(snapshot));
  PrintJson({{"snapshots", list}}, context);
  return absl::OkStatus();
}

absl::Status Show(const SnapshotFlags& flags, const Context& context) {
  const absl::StatusOr<v1::Snapshot> snapshot =
      context.connect(context.connection).GetSnapshot(ToRequest<v1::GetSnapshotRequest>(flags));
  if (!snapshot.ok()) return snapshot.status();
  if (context.output == Output::kJson) {
    PrintJson(SnapshotWithBanksJson(*snapshot), context);
    return absl::OkStatus();
  }
  SnapshotDetails(*snapshot).Print(context.out);
  if (snapshot->banks_size() == 0) return absl::OkStatus();
  *context.out.stream << '\n';
  SnapshotBankTable(*snapshot).Print(context.out);
  return absl::OkStatus();
}

absl::Status Verify(const SnapshotFlags& flags, const Context& context) {
  const absl::StatusOr<std::vector<std::string>> findings =
      context.connect(context.connection)
          .VerifySnapshot(ToRequest<v1::VerifySnapshotRequest>(flags),
                          ShowByteProgress(context.err, "checking"));
  if (!findings.ok()) return findings.status();
  if (context.output == Output::kJson) {
    PrintJson({{"name", flags.name}, {"findings", *findings}}, context);
  } else if (findings->empty()) {
    *context.out.stream << Title(flags.place, flags.name) << ": nothing is wrong\n";
  } else {
    for (const std::string& finding : *findings) *context.out.stream << finding << '\n';
  }
  if (findings->empty()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(Title(flags.place, flags.name), " is damaged"));
}

// The commands below that of one place. In texts '%' is its word.
class PlaceCommand {
 public:
  PlaceCommand(CLI::App& app, const SnapshotPlace& place, const char* description, Command* chosen)
      : place_(place), app_(*app.add_subcommand(place.word, description)), chosen_(chosen) {
    app_.require_subcommand(1);
  }

  CLI::App& app() { return app_; }

  // Adds the command `name` that runs `run`; `flags` are what it is given.
  CLI::App& Add(const char* name, const char* description, const char* example,
                absl::Status (*run)(const SnapshotFlags&, const Context&),
                const std::shared_ptr<SnapshotFlags>& flags) {
    CLI::App& command = *app_.add_subcommand(name, Text(description));
    command.footer(Text(example));
    flags->place = place_;
    command.callback([flags, run, chosen = chosen_] {
      *chosen = [flags, run](const Context& context) {
        const absl::Status status = ValidateOutput(context, {Output::kTable, Output::kJson});
        return status.ok() ? run(*flags, context) : status;
      };
    });
    return command;
  }

  std::string Text(const char* text) const { return TextFor(place_, text); }

 private:
  const SnapshotPlace place_;
  CLI::App& app_;
  Command* const chosen_;
};

void AddName(CLI::App& command, const std::string& description, bool is_required,
             const std::shared_ptr<SnapshotFlags>& flags) {
  command.add_option("NAME", flags->name, description)->type_name("")->required(is_required);
}

void AddPlaceCommands(CLI::App& app, const SnapshotPlace& place, const char* description, Command* chosen) {
  PlaceCommand command(app, place, description, chosen);
  const std::string name = command.Text("Name of the %");

  auto create = std::make_shared<SnapshotFlags>();
  AddName(command.Add("create", "Make a % of all durable banks as they are, while they serve",
                      "Examples:\n  engram % create\n  engram % create before-cleaning", Create, create),
          command.Text("Name for the % [the time in UTC: 20261122-101500]"), /*is_required=*/false, create);

  command.Add("list", "List all %s, the newest first",
              "Example:\n  engram % list -o json | jq -r '.snapshots[0].name'", List,
              std::make_shared<SnapshotFlags>());

  auto show = std::make_shared<SnapshotFlags>();
  AddName(command.Add("show", "Show a % and the banks that it has",
                      "Example:\n  engram % show before-cleaning", Show, show),
          name, /*is_required=*/true, show);

  auto verify = std::make_shared<SnapshotFlags>();
  AddName(command.Add("verify", "Read all of a % and say what is wrong",
                      "Writes one line for each thing that is wrong, with the file or the bank, and exits\n"
                      "with 11 if there is one.\n\n"
                      "Example:\n  engram % verify before-cleaning",
                      Verify, verify),
          name, /*is_required=*/true, verify);

  AddSnapshotRestoreCommand(command.app(), place, chosen);
  AddSnapshotDeleteCommand(command.app(), place, chosen);

  command.app().footer(
      command.Text("Examples:\n"
                   "  engram % create before-cleaning\n"
                   "  engram % verify before-cleaning\n"
                   "  engram % restore before-cleaning digits --as digits-before"));
}

}  // namespace

void AddSnapshotCommand(CLI::App& app, Command* chosen) {
  AddPlaceCommands(app, kSnapshots,
                   "Copy all banks within the data directory, at once, and bring banks back from there",
                   chosen);
}

void AddBackupCommand(CLI::App& app, Command* chosen) {
  AddPlaceCommands(app, kBackups,
                   "Copy all banks to the server's backup directory, and bring banks back from there",
                   chosen);
}

}  // namespace engram::cli
