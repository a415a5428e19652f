#ifndef ENGRAM_TESTS_CLI_COMMAND_RUNNER_H_
#define ENGRAM_TESTS_CLI_COMMAND_RUNNER_H_

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>
#include <vector>

#include "client/cli/command_line.h"
#include "tests/cli/fake_connection.h"

namespace engram::cli {

// Runs command lines against a fake server.
class CommandRunner : public testing::Test {
 protected:
  int Run(std::vector<const char*> words) {
    out_.str("");
    err_.str("");
    Context context;
    context.in = &in_;
    context.in_is_terminal = in_is_terminal_;
    context.out = {&out_};
    context.out.is_terminal = out_is_terminal_;
    context.out.can_rewind = out_can_rewind_;
    context.err = {&err_};
    context.connect = [this](const ConnectionOptions& options) {
      options_ = options;
      return Client(server_);
    };
    words.insert(words.begin(), "engram");
    return RunCommandLine(static_cast<int>(words.size()), words.data(), std::move(context));
  }

  nlohmann::json Json() const { return nlohmann::json::parse(out_.str()); }

  std::shared_ptr<FakeConnection> server_ = std::make_shared<FakeConnection>();
  ConnectionOptions options_;
  std::istringstream in_;
  bool in_is_terminal_ = false;
  bool out_is_terminal_ = false;
  bool out_can_rewind_ = false;
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace engram::cli

#endif  // ENGRAM_TESTS_CLI_COMMAND_RUNNER_H_
