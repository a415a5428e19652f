#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/completion.h"

namespace engram::cli {
namespace {

constexpr char kFunction[] =
    R"(# Completion of engram for fish. Load it with:  engram completion fish | source
function __engram_command
  set -l found $ROOT
  for word in (commandline -opc)[2..-1]
    switch "$found $word"
      case $PATHS
        set found "$found $word"
    end
  end
  echo $found
end
complete -c engram -f
)";

std::string Quote(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"'", "\\'"}}), "'");
}

std::string Condition(const CommandNode& command) {
  return absl::StrCat("complete -c engram -n 'test (__engram_command) = \"", command.path, "\"'");
}

// Where an option of all commands is completed: not where a command has its own of that name.
std::string RootCondition(const CommandNode& root, const Argument& argument) {
  std::string paths;
  for (const CommandNode* command : ListCommands(root)) {
    for (const Argument& own : command->arguments) {
      if (command != &root && !own.is_positional && own.names == argument.names)
        absl::StrAppend(&paths, " \"", command->path, "\"");
    }
  }
  if (paths.empty()) return "complete -c engram";
  return absl::StrCat("complete -c engram -n 'not contains -- (__engram_command)", paths, "'");
}

std::string Names(const Argument& argument) {
  std::string text;
  for (absl::string_view name : argument.names) {
    const bool is_long = absl::StartsWith(name, "--");
    absl::StrAppend(&text, is_long ? " -l " : " -s ", name.substr(is_long ? 2 : 1));
  }
  return text;
}

std::string Completer(const Argument& argument) {
  const std::string choices =
      argument.choices.empty() ? "" : absl::StrCat(" -a ", Quote(absl::StrJoin(argument.choices, " ")));
  if (argument.is_file) return absl::StrCat(" -r -F", choices);
  if (!argument.choices.empty()) return absl::StrCat(" -x", choices);
  return argument.takes_value ? " -x" : "";
}

std::string Paths(const CommandNode& root) {
  std::vector<std::string> paths;
  for (const CommandNode* command : ListCommands(root)) paths.push_back(Quote(command->path));
  return absl::StrJoin(paths, " ");
}

}  // namespace

std::string ToFishCompletion(const CommandNode& root) {
  std::string text = absl::StrReplaceAll(kFunction, {{"$ROOT", root.path}, {"$PATHS", Paths(root)}});
  for (const CommandNode* command : ListCommands(root)) {
    for (const CommandNode& subcommand : command->subcommands) {
      absl::StrAppend(&text, Condition(*command), " -a ", subcommand.name, " -d ",
                      Quote(subcommand.description), "\n");
    }
    for (const Argument& argument : command->arguments) {
      const std::string condition = command == &root ? RootCondition(root, argument) : Condition(*command);
      if (argument.is_positional) {
        if (argument.is_file) absl::StrAppend(&text, condition, " -F\n");
        if (!argument.choices.empty()) absl::StrAppend(&text, condition, Completer(argument), "\n");
        continue;
      }
      absl::StrAppend(&text, condition, Names(argument), Completer(argument), " -d ",
                      Quote(argument.description), "\n");
    }
  }
  return text;
}

}  // namespace engram::cli
