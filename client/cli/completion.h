#ifndef ENGRAM_CLIENT_CLI_COMPLETION_H_
#define ENGRAM_CLIENT_CLI_COMPLETION_H_

#include <string>

#include "client/cli/command_tree.h"

// Completion scripts. In all of them the words typed so far are followed down the tree of commands;
// then the value of the option before the cursor is completed, or else the commands and options that
// may come next. The options of the root are accepted everywhere.
namespace engram::cli {

std::string ToBashCompletion(const CommandNode& root);
std::string ToZshCompletion(const CommandNode& root);
std::string ToFishCompletion(const CommandNode& root);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_COMPLETION_H_
