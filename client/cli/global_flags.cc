#include "client/cli/global_flags.h"

#include <CLI/CLI.hpp>
#include <limits>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/choice_option.h"
#include "client/cli/exit_code.h"
#include "client/cli/output.h"

namespace engram::cli {
namespace {

absl::StatusOr<absl::Duration> ParseTimeout(const std::string& text) {
  if (text == "none") return absl::InfiniteDuration();
  double seconds = 0;
  absl::Duration timeout;
  if (absl::SimpleAtod(text, &seconds)) {
    timeout = absl::Seconds(seconds);
  } else if (!absl::ParseDuration(text, &timeout)) {
    timeout = absl::ZeroDuration();
  }
  if (timeout > absl::ZeroDuration()) return timeout;
  return UsageError(
      absl::StrCat("--timeout: got '", text, "', allowed are none, seconds, and durations such as 500ms"));
}

}  // namespace

void AddGlobalFlags(CLI::App& app, GlobalFlags* flags) {
  app.add_option("--server", flags->server, "Where the server is")
      ->envname("ENGRAM_SERVER")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app.add_option("--timeout", flags->timeout,
                 "Longest wait for an answer, and for each message of a stream: seconds, 2m")
      ->envname("ENGRAM_TIMEOUT")
      ->type_name("DURATION")
      ->capture_default_str();
  app.add_option("--max-message-bytes", flags->max_message_bytes, "Largest message; match the server's")
      ->envname("ENGRAM_MAX_MESSAGE_BYTES")
      ->check(CLI::Range(int64_t{1024}, int64_t{std::numeric_limits<int32_t>::max()}).description(""))
      ->type_name("BYTES")
      ->capture_default_str();
  AddChoice(app, "-o,--output", flags->output, OutputNames(), "What to write to standard output")
      ->envname("ENGRAM_OUTPUT")
      ->capture_default_str();
  AddChoice(app, "--color", flags->color, {"auto", "always", "never"}, "Colours; auto honours NO_COLOR")
      ->envname("ENGRAM_COLOR")
      ->capture_default_str();
}

absl::Status ApplyGlobalFlags(const GlobalFlags& flags, Context* context) {
  const absl::StatusOr<absl::Duration> timeout = ParseTimeout(flags.timeout);
  if (!timeout.ok()) return timeout.status();
  context->connection.timeout = *timeout;
  context->connection.target = flags.server;
  context->connection.max_message_bytes = flags.max_message_bytes;
  context->output = ToOutput(flags.output);
  for (Screen* screen : {&context->out, &context->err}) {
    screen->colors = ChooseColors(flags.color, screen->is_terminal, context->color_variables);
  }
  return absl::OkStatus();
}

}  // namespace engram::cli
