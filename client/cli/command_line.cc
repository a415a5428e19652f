#include "client/cli/command_line.h"

#include <CLI/CLI.hpp>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/global_flags.h"

namespace engram::cli {
namespace {

constexpr char kExamples[] =
    "Every command takes the options above, before or after its name, and has a --help of its own.\n\n"
    "Examples:\n"
    "  engram store digits digits.npy --create\n"
    "  engram retrieve digits --query noisy.npy --show 8x8\n"
    "  engram retrieve digits --query mixed.npy --top-k 3 -o json\n"
    "  engram --server memory.example:7411 info\n\n";

void AddCommands(CLI::App& app, Command* chosen) {
  app.require_subcommand(1);
  app.fallthrough();
  AddBankCommand(app, chosen);
  AddStoreCommand(app, chosen);
  AddRetrieveCommand(app, chosen);
  AddRecallCommand(app, chosen);
  AddSeparationCommand(app, chosen);
  AddEnergyCommand(app, chosen);
  AddGetCommand(app, chosen);
  AddScanCommand(app, chosen);
  AddDeleteCommand(app, chosen);
  AddShowCommand(app, chosen);
  AddPlotCommand(app, chosen);
  AddSnapshotCommand(app, chosen);
  AddBackupCommand(app, chosen);
  AddInfoCommand(app, chosen);
  AddHealthCommand(app, chosen);
  AddCompletionCommand(app, chosen);
}

// The words up to the command that was parsed last, such as "engram bank create".
std::string CommandPath(const CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  return chosen.empty() ? app.get_name() : absl::StrCat(app.get_name(), " ", CommandPath(*chosen.front()));
}

int Fail(const absl::Status& status, const CLI::App& app, const Context& context) {
  std::ostream& err = *context.err.stream;
  err << "engram: " << status.message();
  if (IsUsageError(status)) {
    err << "\nSee '" << CommandPath(app) << " --help'.\n";
  } else {
    err << " (" << absl::StatusCodeToString(status.code()) << ")\n";
  }
  if (absl::IsUnavailable(status)) {
    err << "The server was expected at " << context.connection.target
        << ": see --server and ENGRAM_SERVER.\n";
  }
  return ToExitCode(status);
}

// CLI11 says that a command is missing even where there is a word that is none.
std::string ErrorText(const CLI::ParseError& error, const CLI::App& app) {
  const std::vector<std::string> unknown = app.remaining(true);
  if (error.get_name() != "RequiredError" || unknown.empty()) return error.what();
  return absl::StrCat(error.what(), ", got '", unknown.front(), "'");
}

// Sets `exit_code` when the line has been dealt with: it asked for help, or is wrong.
bool Parse(int argc, const char* const* argv, CLI::App& app, const Context& context, int* exit_code) {
  try {
    app.parse(argc, argv);
    return true;
  } catch (const CLI::ParseError& error) {
    const bool is_error = error.get_exit_code() != 0;
    if (is_error) {
      *exit_code = Fail(UsageError(ErrorText(error, app)), app, context);
    } else {
      app.exit(error, *context.out.stream, *context.err.stream);
      *exit_code = 0;
    }
    return false;
  }
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv, Context context) {
  CLI::App app("Stores patterns in associative memory banks and recalls them from noisy cues", "engram");
  app.set_version_flag("--version", "engram " ENGRAM_VERSION);
  app.footer(absl::StrCat(kExamples, ExitCodeHelp()));
  GlobalFlags flags;
  AddGlobalFlags(app, &flags);
  Command command;
  AddCommands(app, &command);
  int exit_code = 0;
  if (!Parse(argc, argv, app, context, &exit_code)) return exit_code;
  absl::Status status = ApplyGlobalFlags(flags, &context);
  if (status.ok()) status = command(context);
  if (status.ok() && !context.out.stream->flush())
    status = absl::UnknownError("standard output cannot be written");
  return status.ok() ? 0 : Fail(status, app, context);
}

}  // namespace engram::cli
