#include <CLI/CLI.hpp>
#include <memory>

#include "client/cli/choice_option.h"
#include "client/cli/commands.h"
#include "client/cli/completion.h"
#include "client/cli/output.h"

namespace engram::cli {
namespace {

constexpr struct {
  const char* name;
  std::string (*to_script)(const CommandNode& root);
} kShells[] = {{"bash", ToBashCompletion}, {"zsh", ToZshCompletion}, {"fish", ToFishCompletion}};

absl::Status Complete(const std::string& name, const CLI::App& app, const Context& context) {
  if (const absl::Status status = ValidateOutput(context, {Output::kTable}); !status.ok()) return status;
  for (const auto& shell : kShells) {
    if (shell.name == name) *context.out.stream << shell.to_script(ToCommandTree(app));
  }
  return absl::OkStatus();
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Command* chosen) {
  std::vector<std::string> names;
  for (const auto& shell : kShells) names.emplace_back(shell.name);
  auto name = std::make_shared<std::string>();
  CLI::App& completion = *app.add_subcommand("completion", "Write a completion script for a shell");
  AddChoice(completion, "SHELL", *name, names, "The shell")->required();
  completion.footer(
      "Examples:\n"
      "  source <(engram completion bash)\n"
      "  source <(engram completion zsh)\n"
      "  engram completion fish | source");
  completion.callback(
      [=, &app] { *chosen = [=, &app](const Context& context) { return Complete(*name, app, context); }; });
}

}  // namespace engram::cli
