// engram: the command line of the associative-memory service.

#include <unistd.h>

#include <iostream>

#include "client/cli/command_line.h"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  engram::cli::Context context;
  context.in = &std::cin;
  context.in_is_terminal = isatty(STDIN_FILENO) == 1;
  context.out = engram::cli::MakeScreen(std::cout, STDOUT_FILENO);
  context.err = engram::cli::MakeScreen(std::cerr, STDERR_FILENO);
  context.color_variables = engram::cli::ReadColorVariables();
  return engram::cli::RunCommandLine(argc, argv, std::move(context));
}
