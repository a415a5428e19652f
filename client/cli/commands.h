#ifndef ENGRAM_CLIENT_CLI_COMMANDS_H_
#define ENGRAM_CLIENT_CLI_COMMANDS_H_

#include "client/cli/context.h"
#include "client/cli/snapshot_place.h"

namespace CLI {
class App;
}

// The commands of `engram`, one file each. Add...Command adds a command to `app`; when a line with
// it is parsed, it sets `chosen`.
namespace engram::cli {

void AddBankCommand(CLI::App& app, Command* chosen);
void AddBankCreateCommand(CLI::App& bank, Command* chosen);
void AddBankUpdateCommand(CLI::App& bank, Command* chosen);
void AddStoreCommand(CLI::App& app, Command* chosen);
void AddRetrieveCommand(CLI::App& app, Command* chosen);
void AddRecallCommand(CLI::App& app, Command* chosen);
void AddSeparationCommand(CLI::App& app, Command* chosen);
void AddEnergyCommand(CLI::App& app, Command* chosen);
void AddGetCommand(CLI::App& app, Command* chosen);
void AddScanCommand(CLI::App& app, Command* chosen);
void AddDeleteCommand(CLI::App& app, Command* chosen);
void AddShowCommand(CLI::App& app, Command* chosen);
void AddSnapshotCommand(CLI::App& app, Command* chosen);
void AddBackupCommand(CLI::App& app, Command* chosen);
// `parent` is the command of `place`.
void AddSnapshotRestoreCommand(CLI::App& parent, const SnapshotPlace& place, Command* chosen);
void AddSnapshotDeleteCommand(CLI::App& parent, const SnapshotPlace& place, Command* chosen);
void AddInfoCommand(CLI::App& app, Command* chosen);
void AddHealthCommand(CLI::App& app, Command* chosen);
void AddPlotCommand(CLI::App& app, Command* chosen);
void AddPlotContoursCommand(CLI::App& plot, Command* chosen);
void AddPlotBasinsCommand(CLI::App& plot, Command* chosen);
void AddPlotEnergyCommand(CLI::App& plot, Command* chosen);
void AddPlotSupportCommand(CLI::App& plot, Command* chosen);
void AddPlotSeparationCommand(CLI::App& plot, Command* chosen);
// `app` outlives *chosen.
void AddCompletionCommand(CLI::App& app, Command* chosen);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_COMMANDS_H_
