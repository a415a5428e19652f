#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/completion.h"

namespace engram::cli {
namespace {

// `path` and `commands` are special variables in zsh; hence the names here.
constexpr char kScript[] = R"(#compdef engram
# Completion of engram for zsh. Load it with:  source <(engram completion zsh)
_engram() {
  local word_path="$ROOT" word
  local -a candidates
  for word in "${(@)words[2,CURRENT-1]}"; do
    case "$word_path $word" in
      $PATHS) word_path="$word_path $word" ;;
    esac
  done
  case "$word_path ${words[CURRENT-1]}" in
$VALUES  esac
  candidates=($GLOBAL_OPTIONS)
  case "$word_path" in
$COMMANDS  esac
  _describe -o 'engram' candidates
}
compdef _engram engram
)";

// `text` in single quotes, with the colons that _describe splits at escaped.
std::string Entry(const std::string& name, const std::string& description) {
  return absl::StrCat("'", name, ":", absl::StrReplaceAll(description, {{"'", "'\\''"}, {":", "\\:"}}), "'");
}

std::string Options(const CommandNode& command) {
  std::vector<std::string> entries;
  for (const Argument& argument : command.arguments) {
    if (argument.is_positional) {
      for (const std::string& choice : argument.choices)
        entries.push_back(Entry(choice, argument.description));
    } else {
      for (const std::string& name : argument.names) entries.push_back(Entry(name, argument.description));
    }
  }
  return absl::StrJoin(entries, " ");
}

std::string Paths(const CommandNode& root) {
  std::vector<std::string> paths;
  for (const CommandNode* command : ListCommands(root))
    paths.push_back(absl::StrCat("\"", command->path, "\""));
  return absl::StrJoin(paths, "|");
}

std::string Values(const CommandNode& root) {
  std::string text;
  for (const CommandNode* command : ListCommandsRootLast(root)) {
    for (const Argument& argument : command->arguments) {
      if (argument.is_positional || !argument.takes_value) continue;
      std::vector<std::string> completers;
      if (!argument.choices.empty())
        completers.push_back(absl::StrCat("compadd ", absl::StrJoin(argument.choices, " ")));
      if (argument.is_file) completers.emplace_back("_files");
      if (completers.empty()) completers.emplace_back("_message value");
      const std::string completer = absl::StrJoin(completers, "; ");
      for (const std::string& name : argument.names) {
        const std::string before = command == &root ? "*" : absl::StrCat("\"", command->path, "\"");
        absl::StrAppend(&text, "    ", before, "\" ", name, "\") ", completer, "; return ;;\n");
      }
    }
  }
  return text;
}

std::string Commands(const CommandNode& root) {
  std::string text;
  for (const CommandNode* command : ListCommands(root)) {
    std::vector<std::string> entries;
    for (const CommandNode& subcommand : command->subcommands) {
      entries.push_back(Entry(subcommand.name, subcommand.description));
    }
    if (command != &root) entries.push_back(Options(*command));
    absl::StrAppend(&text, "    \"", command->path, "\") candidates+=(", absl::StrJoin(entries, " "), ")",
                    TakesFile(*command) ? "; _files" : "", " ;;\n");
  }
  return text;
}

}  // namespace

std::string ToZshCompletion(const CommandNode& root) {
  return absl::StrReplaceAll(kScript, {{"$ROOT", root.path},
                                       {"$PATHS", Paths(root)},
                                       {"$VALUES", Values(root)},
                                       {"$GLOBAL_OPTIONS", Options(root)},
                                       {"$COMMANDS", Commands(root)}});
}

}  // namespace engram::cli
