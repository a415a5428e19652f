#include "server/options.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/sweep/cpu/screen_kernels.h"

namespace engram {
namespace {

constexpr int64_t kKiB = int64_t{1} << 10;
constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kGiB = int64_t{1} << 30;
constexpr int64_t kTiB = int64_t{1} << 40;

using Setter = std::function<absl::Status(const std::string&, ServerOptions*)>;

absl::Status BadValue(const std::string& name, const std::string& value, absl::string_view allowed) {
  return InvalidField(name, absl::StrCat("'", value, "'"), allowed);
}

Setter Text(std::string ServerOptions::*field) {
  return [field](const std::string& value, ServerOptions* options) {
    options->*field = value;
    return absl::OkStatus();
  };
}

bool IsHostAndPort(const std::string& value) {
  const size_t colon = value.rfind(':');
  int port = -1;
  return colon != std::string::npos && colon > 0 && absl::SimpleAtoi(value.substr(colon + 1), &port) &&
         port >= 0 && port <= 65'535;
}

// HOST:PORT or unix:PATH. gRPC itself would take any port modulo 65,536.
Setter Address(const std::string& name, std::string ServerOptions::*field) {
  return [=](const std::string& value, ServerOptions* options) {
    if (!IsHostAndPort(value) && !absl::StartsWith(value, "unix:/")) {
      return BadValue(name, value, "HOST:PORT with a port from 0 to 65535, or unix:/PATH");
    }
    options->*field = value;
    return absl::OkStatus();
  };
}

// HOST:PORT or nothing. The HTTP server itself would take several, with commas between them.
Setter HttpAddress(const std::string& name, std::string ServerOptions::*field) {
  return [=](const std::string& value, ServerOptions* options) {
    if (!value.empty() && (!IsHostAndPort(value) || value.find_first_of(", ") != std::string::npos)) {
      return BadValue(name, value, "nothing, or HOST:PORT with a port from 0 to 65535");
    }
    options->*field = value;
    return absl::OkStatus();
  };
}

Setter OneOf(const std::string& name, std::string ServerOptions::*field, std::vector<std::string> allowed) {
  return [=](const std::string& value, ServerOptions* options) {
    if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
      return BadValue(name, value, absl::StrJoin(allowed, ", "));
    }
    options->*field = value;
    return absl::OkStatus();
  };
}

// A name that FindScreenKernels() knows on this processor.
Setter Kernels(std::string ServerOptions::*field) {
  return [=](const std::string& value, ServerOptions* options) {
    ENGRAM_RETURN_IF_ERROR(FindScreenKernels(value).status());
    options->*field = value;
    return absl::OkStatus();
  };
}

template <typename T>
Setter Count(const std::string& name, T ServerOptions::*field, int64_t least, int64_t most) {
  return [=](const std::string& value, ServerOptions* options) {
    int64_t number = 0;
    if (!absl::SimpleAtoi(value, &number) || number < least || number > most) {
      return BadValue(name, value, absl::StrCat("a whole number from ", least, " to ", most));
    }
    options->*field = static_cast<T>(number);
    return absl::OkStatus();
  };
}

// Whole numbers with commas in between; at least one.
Setter Numbers(const std::string& name, std::vector<int> ServerOptions::*field, int least, int most) {
  return [=](const std::string& value, ServerOptions* options) {
    std::vector<int> numbers;
    for (const absl::string_view part : absl::StrSplit(value, ',')) {
      int number = 0;
      if (!absl::SimpleAtoi(part, &number) || number < least || number > most) {
        return BadValue(name, value,
                        absl::StrCat("whole numbers from ", least, " to ", most, ", with commas in between"));
      }
      numbers.push_back(number);
    }
    options->*field = std::move(numbers);
    return absl::OkStatus();
  };
}

// A number of bytes, perhaps with a unit.
Setter Bytes(const std::string& name, int64_t ServerOptions::*field, int64_t least, int64_t most) {
  return [=](const std::string& value, ServerOptions* options) {
    static constexpr std::pair<const char*, int> kUnits[] = {
        {"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}};
    absl::string_view digits = value;
    int shift = 0;
    for (const auto& [unit, unit_shift] : kUnits) {
      if (absl::ConsumeSuffix(&digits, unit)) shift = unit_shift;
    }
    int64_t number = 0;
    const bool parsed = absl::SimpleAtoi(digits, &number);
    if (!parsed || number < 0 || number > most >> shift || number << shift < least) {
      return BadValue(
          name, value,
          absl::StrCat(least, " to ", most, " bytes; KiB, MiB, GiB and TiB may follow the number"));
    }
    options->*field = number << shift;
    return absl::OkStatus();
  };
}

Setter Switch(const std::string& name, bool ServerOptions::*field) {
  return [=](const std::string& value, ServerOptions* options) {
    if (value != "true" && value != "false") return BadValue(name, value, "true or false");
    options->*field = value == "true";
    return absl::OkStatus();
  };
}

Setter Time(const std::string& name, absl::Duration ServerOptions::*field) {
  return [=](const std::string& value, ServerOptions* options) {
    absl::Duration duration;
    if (!absl::ParseDuration(value, &duration) || duration < absl::ZeroDuration() ||
        duration > absl::Hours(1)) {
      return BadValue(name, value, "a time from 0 to 1h, such as 500ms or 30s");
    }
    options->*field = duration;
    return absl::OkStatus();
  };
}

std::vector<Option> MakeTable() {
  using O = ServerOptions;
  return {
      {"listen", "HOST:PORT", "127.0.0.1:7411",
       "Address to serve on; port 0 takes a free one; unix:/PATH for a socket. There is no transport "
       "security: "
       "an address that others can reach lets them in.",
       Address("listen", &O::listen)},
      {"port-file", "PATH", "", "Write the port here, as text, once the server answers. Empty: nowhere.",
       Text(&O::port_file)},
      {"metrics-listen", "HOST:PORT", "",
       "Address to serve metrics on, at http://HOST:PORT/metrics, for Prometheus; port 0 takes a free one, "
       "which the log tells. Empty: none. Whoever reaches it reads the names and sizes of banks.",
       HttpAddress("metrics-listen", &O::metrics_listen)},
      {"data-dir", "PATH", "",
       "Directory that keeps the banks, made if it is missing; one server at a time. Empty: banks are gone "
       "when "
       "the server stops.",
       Text(&O::data_dir)},
      {"backup-dir", "PATH", "",
       "Directory for backups of the banks, made if it is missing, outside data-dir and better on another "
       "disk; one server at a time. Empty: no backups. Needs data-dir.",
       Text(&O::backup_dir)},
      {"backend", "NAME", "auto",
       "Where sweeps run: auto, reference, cpu or cuda. auto takes the fastest that runs here: an NVIDIA "
       "GPU, "
       "if this build has the backend for it and there is one.",
       OneOf("backend", &O::backend, {"auto", "reference", "cpu", "cuda"})},
      {"devices", "NUMBERS", "0",
       "The GPUs that the cuda backend uses, as CUDA counts them, such as 0 or 0,1: a bank lies on all of "
       "them.",
       Numbers("devices", &O::devices, 0, 1023)},
      {"device-budget-bytes", "BYTES", "0",
       "Memory of the GPU that banks may use in all; units as in 8GiB. 0: what is free when the server "
       "starts, but for its scratch.",
       Bytes("device-budget-bytes", &O::device_budget_bytes, 0, 1024 * kTiB)},
      {"cpu-kernels", "NAME", "auto",
       "Instruction set that the cpu backend screens with: auto, avx512vnni, avxvnni, avx2, neon or "
       "portable, "
       "as far as this processor supports it. auto takes the fastest. Answers do not depend on it.",
       Kernels(&O::cpu_kernels)},
      {"threads", "COUNT", "0", "Threads of a sweep, 0 to 1024. 0: one for each processor.",
       Count("threads", &O::threads, 0, 1024)},
      {"memory-budget-bytes", "BYTES", "0",
       "Memory that banks may use in all; units as in 8GiB. 0: 80 % of the machine's or the container's.",
       Bytes("memory-budget-bytes", &O::memory_budget_bytes, 0, 1024 * kTiB)},
      {"scratch-bytes", "BYTES", "1GiB",
       "Memory that one sweep may use for scores, at least 1MiB; queries that keep every row of a large bank "
       "are swept fewer at a time.",
       Bytes("scratch-bytes", &O::scratch_bytes, kMiB, 1024 * kTiB)},
      {"max-message-bytes", "BYTES", "64MiB",
       "Largest message, either way, 64KiB to 1GiB. Clients need the same limit.",
       Bytes("max-message-bytes", &O::max_message_bytes, 64 * kKiB, kGiB)},
      {"max-banks", "COUNT", "10000", "Largest number of banks, 1 to 1,000,000.",
       Count("max-banks", &O::max_banks, 1, 1'000'000)},
      {"max-batch", "COUNT", "256", "Largest number of queries in a request and in a sweep, 1 to 4096.",
       Count("max-batch", &O::max_batch, 1, 4096)},
      {"queue-capacity", "COUNT", "4096",
       "Largest number of queries waiting and in flight, at least max-batch; above it calls get "
       "RESOURCE_EXHAUSTED.",
       Count("queue-capacity", &O::queue_capacity, 1, 1'000'000)},
      {"reflection", "BOOL", "true", "Serve gRPC reflection, so that generic clients can list the API.",
       Switch("reflection", &O::reflection)},
      {"drain-delay", "TIME", "0s",
       "After SIGTERM: time between reporting NOT_SERVING and refusing calls, for load balancers to notice.",
       Time("drain-delay", &O::drain_delay)},
      {"drain-grace", "TIME", "30s", "After SIGTERM: time that calls in flight get to finish.",
       Time("drain-grace", &O::drain_grace)},
      {"log-level", "LEVEL", "info", "Least level of log lines: debug, info, warning, error or off.",
       OneOf("log-level", &O::log_level, {"debug", "info", "warning", "error", "off"})},
      {"log-format", "FORMAT", "text", "Log lines as text or json, on stderr.",
       OneOf("log-format", &O::log_format, {"text", "json"})},
  };
}

const Option* FindOption(const std::string& name) {
  const std::vector<Option>& table = OptionTable();
  const auto it = std::find_if(table.begin(), table.end(), [&](const Option& o) { return o.name == name; });
  return it == table.end() ? nullptr : &*it;
}

}  // namespace

std::string Option::env_name() const {
  return absl::StrCat("ENGRAM_", absl::AsciiStrToUpper(absl::StrReplaceAll(name, {{"-", "_"}})));
}

const std::vector<Option>& OptionTable() {
  static const auto& table = *new std::vector<Option>(MakeTable());
  return table;
}

absl::StatusOr<OptionValues> ParseOptionsFile(const std::string& text, const std::string& path) {
  OptionValues values;
  int number = 0;
  for (const absl::string_view raw : absl::StrSplit(text, '\n')) {
    ++number;
    const absl::string_view line = absl::StripAsciiWhitespace(raw);
    if (line.empty() || line[0] == '#') continue;
    const std::vector<std::string> parts = absl::StrSplit(line, absl::MaxSplits('=', 1));
    const std::string name(absl::StripAsciiWhitespace(parts[0]));
    if (parts.size() != 2 || FindOption(name) == nullptr) {
      return InvalidField(absl::StrCat(path, ":", number), absl::StrCat("'", line, "'"),
                          "NAME = VALUE with the name of an option, as engramd --help lists them");
    }
    values[name] = std::string(absl::StripAsciiWhitespace(parts[1]));
  }
  return values;
}

absl::StatusOr<ServerOptions> ParseOptions(const OptionValues& values) {
  ServerOptions options;
  for (const Option& option : OptionTable()) {
    const auto it = values.find(option.name);
    ENGRAM_RETURN_IF_ERROR(option.set(it != values.end() ? it->second : option.default_value, &options));
  }
  if (options.queue_capacity < options.max_batch) {
    return BadValue("queue-capacity", absl::StrCat(options.queue_capacity),
                    absl::StrCat("at least max-batch, ", options.max_batch));
  }
  if (!options.backup_dir.empty() && options.data_dir.empty()) {
    return BadValue("backup-dir", options.backup_dir,
                    "nothing without data-dir: only banks that are kept can be backed up");
  }
  return options;
}

std::string SampleOptionsFile() {
  std::string text =
      "# Settings of engramd, each at its default. Use: engramd --config PATH\n"
      "# Flags come before the environment, that before this file, and this file before the defaults.\n";
  for (const Option& option : OptionTable()) {
    absl::StrAppend(&text, "\n# ", option.help, "\n# Environment: ", option.env_name(), "\n", option.name,
                    " = ", option.default_value, "\n");
  }
  return text;
}

}  // namespace engram
