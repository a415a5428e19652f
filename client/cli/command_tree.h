#ifndef ENGRAM_CLIENT_CLI_COMMAND_TREE_H_
#define ENGRAM_CLIENT_CLI_COMMAND_TREE_H_

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace engram::cli {

// What completion needs to know of an option or a positional argument.
struct Argument {
  // With their dashes; of a positional argument its name, which completion does not offer.
  std::vector<std::string> names;
  std::string description;
  bool is_positional = false;
  bool takes_value = false;
  // A file, besides the choices.
  bool is_file = false;
  std::vector<std::string> choices;
};

// A command: its words from the program's name on, such as "engram bank create", and what may follow.
struct CommandNode {
  std::string path;
  std::string name;
  std::string description;
  std::vector<Argument> arguments;
  std::vector<CommandNode> subcommands;
};

// Everything that `app` accepts.
CommandNode ToCommandTree(const CLI::App& app);

// `root` and all commands below it, in the order of --help. They point into `root`.
std::vector<const CommandNode*> ListCommands(const CommandNode& root);

// As ListCommands, `root` last: what a command says about an option goes before what all commands have.
std::vector<const CommandNode*> ListCommandsRootLast(const CommandNode& root);

// True if a positional argument of `command` is a file.
bool TakesFile(const CommandNode& command);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_COMMAND_TREE_H_
