#ifndef ENGRAM_CLIENT_CLI_CHOICE_OPTION_H_
#define ENGRAM_CLIENT_CLI_CHOICE_OPTION_H_

#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace engram::cli {

// Adds an option whose value is one of `choices`. They are its type name, joined by '|', so that
// --help shows them and the completion scripts find them.
CLI::Option* AddChoice(CLI::App& app, const std::string& flag, std::string& value,
                       const std::vector<std::string>& choices, const std::string& description);

// The choices of an option made by AddChoice; of other options, none. FILE among them stands for any file.
// It is the caller's to tell it from the others.
std::vector<std::string> ChoicesOf(const CLI::Option& option);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_CHOICE_OPTION_H_
