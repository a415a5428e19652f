#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "client/cli/completion.h"

namespace engram::cli {
namespace {

constexpr char kScript[] = R"(# Completion of engram for bash. Load it with:  source <(engram completion bash)
_engram() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
  local command="$ROOT" words="" files="" word
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$command $word" in
      $PATHS) command="$command $word" ;;
    esac
  done
  case "$command $previous" in
$VALUES    *)
      words="$GLOBAL_OPTIONS"
      case "$command" in
$COMMANDS      esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  if [[ -n "$files" && "$current" != -* ]]; then
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current")
  fi
}
complete -o filenames -F _engram engram
)";

std::vector<std::string> OptionNames(const CommandNode& command) {
  std::vector<std::string> names;
  for (const Argument& argument : command.arguments) {
    if (!argument.is_positional) names.insert(names.end(), argument.names.begin(), argument.names.end());
  }
  return names;
}

std::string Paths(const CommandNode& root) {
  std::vector<std::string> paths;
  for (const CommandNode* command : ListCommands(root))
    paths.push_back(absl::StrCat("\"", command->path, "\""));
  return absl::StrJoin(paths, "|");
}

// What completes the values of a command's options. The root's may follow any command.
std::string Values(const CommandNode& root) {
  std::string text;
  for (const CommandNode* command : ListCommandsRootLast(root)) {
    for (const Argument& argument : command->arguments) {
      if (argument.is_positional || !argument.takes_value) continue;
      std::vector<std::string> patterns;
      for (const std::string& name : argument.names) {
        patterns.push_back(command == &root ? absl::StrCat("*\" ", name, "\"")
                                            : absl::StrCat("\"", command->path, " ", name, "\""));
      }
      absl::StrAppend(&text, "    ", absl::StrJoin(patterns, "|"), ") words=\"",
                      absl::StrJoin(argument.choices, " "), "\" files=\"", argument.is_file ? "yes" : "",
                      "\" ;;\n");
    }
  }
  return text;
}

std::string Commands(const CommandNode& root) {
  std::string text;
  for (const CommandNode* command : ListCommands(root)) {
    std::vector<std::string> words;
    for (const CommandNode& subcommand : command->subcommands) words.push_back(subcommand.name);
    if (command != &root) {
      for (const std::string& name : OptionNames(*command)) words.push_back(name);
    }
    for (const Argument& argument : command->arguments) {
      if (argument.is_positional) words.insert(words.end(), argument.choices.begin(), argument.choices.end());
    }
    absl::StrAppend(&text, "        \"", command->path, "\") words+=\" ", absl::StrJoin(words, " "),
                    "\" files=\"", TakesFile(*command) ? "yes" : "", "\" ;;\n");
  }
  return text;
}

}  // namespace

std::string ToBashCompletion(const CommandNode& root) {
  return absl::StrReplaceAll(kScript, {{"$ROOT", root.path},
                                       {"$PATHS", Paths(root)},
                                       {"$VALUES", Values(root)},
                                       {"$GLOBAL_OPTIONS", absl::StrJoin(OptionNames(root), " ")},
                                       {"$COMMANDS", Commands(root)}});
}

}  // namespace engram::cli
