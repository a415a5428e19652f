#ifndef ENGRAM_SERVER_OPTIONS_H_
#define ENGRAM_SERVER_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace engram {

// Settings of engramd. Every field has a row in OptionTable().
struct ServerOptions {
  std::string listen;
  std::string port_file;
  std::string metrics_listen;
  std::string data_dir;    // Empty: banks live in memory.
  std::string backup_dir;  // Empty: no backups.
  std::string backend;
  std::string cpu_kernels;
  std::vector<int> devices = {0};
  int64_t device_budget_bytes = 0;
  int threads = 0;
  int64_t memory_budget_bytes = 0;
  int64_t scratch_bytes = 0;
  int64_t max_message_bytes = 0;
  int64_t max_banks = 0;
  int64_t max_batch = 0;
  int64_t queue_capacity = 0;
  bool reflection = true;
  absl::Duration drain_delay;
  absl::Duration drain_grace;
  std::string log_level;
  std::string log_format;
};

// One setting: a flag --NAME, an environment variable ENGRAM_NAME, a line "NAME = VALUE" of the file.
struct Option {
  std::string name;      // "max-batch"
  std::string argument;  // What the value is, for --help: "COUNT".
  std::string default_value;
  std::string help;  // With unit and range.
  // Sets the field. INVALID_ARGUMENT "NAME: got ..., allowed ...".
  std::function<absl::Status(const std::string& value, ServerOptions* options)> set;

  std::string env_name() const;  // "ENGRAM_MAX_BATCH"
};

// The one table of settings; --help, the environment, the file and the sample file are made from it.
const std::vector<Option>& OptionTable();

// Values by option name.
using OptionValues = std::map<std::string, std::string>;

// The values that a file sets: lines "name = value"; empty lines and lines that begin with '#' are skipped.
// INVALID_ARGUMENT: a line is neither, or names no option; the text has `path` and the line's number.
absl::StatusOr<OptionValues> ParseOptionsFile(const std::string& text, const std::string& path);

// The settings for `values`, defaults for the rest. INVALID_ARGUMENT: a value is malformed or out of range.
absl::StatusOr<ServerOptions> ParseOptions(const OptionValues& values);

// A file that sets every option to its default, with the help as comments.
std::string SampleOptionsFile();

}  // namespace engram

#endif  // ENGRAM_SERVER_OPTIONS_H_
