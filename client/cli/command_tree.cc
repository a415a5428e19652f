#include "client/cli/command_tree.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/cli/choice_option.h"

namespace engram::cli {
namespace {

Argument ToArgument(const CLI::Option& option) {
  Argument argument;
  for (const std::string& name : option.get_lnames()) argument.names.push_back(absl::StrCat("--", name));
  for (const std::string& name : option.get_snames()) argument.names.push_back(absl::StrCat("-", name));
  argument.is_positional = argument.names.empty();
  if (argument.is_positional) argument.names.push_back(option.get_name(true));
  argument.description = option.get_description();
  argument.takes_value = option.get_items_expected_max() > 0;
  argument.is_file = option.get_type_name() == "FILE" || option.get_name(true) == "FILE";
  argument.choices = ChoicesOf(option);
  const auto file = std::find(argument.choices.begin(), argument.choices.end(), "FILE");
  if (file != argument.choices.end()) {
    argument.choices.erase(file);
    argument.is_file = true;
  }
  return argument;
}

CommandNode ToNode(const CLI::App& app, const std::string& parent_path) {
  CommandNode node;
  node.name = app.get_name();
  node.path = parent_path.empty() ? node.name : absl::StrCat(parent_path, " ", node.name);
  node.description = app.get_description();
  for (const CLI::Option* option : app.get_options()) node.arguments.push_back(ToArgument(*option));
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    node.subcommands.push_back(ToNode(*command, node.path));
  }
  return node;
}

}  // namespace

CommandNode ToCommandTree(const CLI::App& app) { return ToNode(app, ""); }

std::vector<const CommandNode*> ListCommands(const CommandNode& root) {
  std::vector<const CommandNode*> commands = {&root};
  for (const CommandNode& command : root.subcommands) {
    const std::vector<const CommandNode*> below = ListCommands(command);
    commands.insert(commands.end(), below.begin(), below.end());
  }
  return commands;
}

std::vector<const CommandNode*> ListCommandsRootLast(const CommandNode& root) {
  std::vector<const CommandNode*> commands = ListCommands(root);
  std::rotate(commands.begin(), commands.begin() + 1, commands.end());
  return commands;
}

bool TakesFile(const CommandNode& command) {
  return std::any_of(command.arguments.begin(), command.arguments.end(),
                     [](const Argument& argument) { return argument.is_positional && argument.is_file; });
}

}  // namespace engram::cli
