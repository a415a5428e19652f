// engramd, the server.

#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"
#include "core/storage/rocks_journal.h"
#include "server/allocator.h"
#include "server/log.h"
#include "server/log_storage.h"
#include "server/options.h"
#include "server/server.h"

namespace engram {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 2;
// Left by a second signal, or with calls that did not finish in time.
constexpr int kExitInterrupted = 3;
// EX_TEMPFAIL of sysexits.h: a device is lost for this process; a new one may find it again.
constexpr int kExitDeviceLost = 75;
// What a drain takes at most beyond its delay and its grace.
constexpr absl::Duration kDrainSlack = absl::Seconds(10);

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (!(file && text << file.rdbuf()))
    return absl::NotFoundError(absl::StrCat("config: cannot read '", path, "'"));
  return text.str();
}

// The port as text; readers see all of it or nothing.
absl::Status WritePortFile(const std::string& path, int port) {
  if (path.empty()) return absl::OkStatus();
  const std::string partial = path + ".partial";
  std::ofstream(partial) << port << "\n";
  if (std::rename(partial.c_str(), path.c_str()) == 0) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("port-file: cannot write '", path, "'"));
}

// Adds every option of the table to `app`; flags and environment end up in `values`, the file in `config`.
void AddOptions(CLI::App* app, OptionValues* values, std::string* config) {
  app->add_option("--config", *config, "Read options from this file, lines NAME = VALUE.")
      ->type_name("PATH")
      ->envname("ENGRAM_CONFIG");
  for (const Option& option : OptionTable()) {
    app->add_option_function<std::string>(
           "--" + option.name,
           [values, name = option.name](const std::string& value) { (*values)[name] = value; }, option.help)
        ->type_name(option.argument)
        ->default_str(option.default_value)
        ->envname(option.env_name());
  }
}

absl::StatusOr<ServerOptions> GatherOptions(OptionValues values, const std::string& config) {
  if (!config.empty()) {
    ENGRAM_ASSIGN_OR_RETURN(const std::string text, ReadFile(config));
    ENGRAM_ASSIGN_OR_RETURN(const OptionValues from_file, ParseOptionsFile(text, config));
    values.insert(from_file.begin(), from_file.end());  // What flags or environment set stays.
  }
  return ParseOptions(values);
}

sigset_t TerminationSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

// What a server ends for: the first of these that happens. Thread-safe.
class Ending {
 public:
  enum class Cause { kSignal, kDeviceLost };

  void Report(Cause cause) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    if (!cause_.has_value()) cause_ = cause;
    is_device_lost_ |= cause == Cause::kDeviceLost;
    reported_.NotifyAll();
  }

  Cause Wait() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    while (!cause_.has_value()) reported_.Wait(&mutex_);
    return *cause_;
  }

  // Whether a device is lost by now, whatever came first.
  bool is_device_lost() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return is_device_lost_;
  }

 private:
  Mutex mutex_;
  bool is_device_lost_ ABSL_GUARDED_BY(mutex_) = false;
  CondVar reported_;
  std::optional<Cause> cause_ ABSL_GUARDED_BY(mutex_);
};

// Reports the first of the blocked `signals` to `ending` and leaves at once at the second, on a thread that
// lasts as long as the process.
void WatchSignals(const sigset_t& signals, std::shared_ptr<Ending> ending) {
  std::thread([signals, ending = std::move(ending)] {
    int signal = 0;
    sigwait(&signals, &signal);
    LogInfo("signal", {{"name", strsignal(signal)}});
    ending->Report(Ending::Cause::kSignal);
    sigwait(&signals, &signal);
    LogWarning("second signal: leaving at once");
    _exit(kExitInterrupted);
  }).detach();
}

// Leaves after `limit`, on a thread that lasts as long as the process: something may wait for a lost device,
// and one that hangs never answers.
void LeaveAfter(absl::Duration limit) {
  std::thread([limit] {
    absl::SleepFor(limit);
    LogWarning("something waits for the lost device: leaving at once");
    _exit(kExitDeviceLost);
  }).detach();
}

// Serves until the first termination signal or until a device is lost, then drains; a second signal leaves at
// once.
int Serve(const ServerOptions& options) {
  ReturnFreedMemory();
  // Blocked before any thread is made, so that only sigwait sees them.
  const sigset_t signals = TerminationSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto ending = std::make_shared<Ending>();
  absl::StatusOr<std::unique_ptr<Server>> server =
      Server::Start(options, [ending, limit = options.drain_delay + options.drain_grace + kDrainSlack] {
        LeaveAfter(limit);
        ending->Report(Ending::Cause::kDeviceLost);
      });
  absl::Status status = server.status();
  if (status.ok()) status = WritePortFile(options.port_file, (*server)->port());
  if (!status.ok()) {
    LogError("cannot start", {{"error", std::string(status.message())}});
    return kExitFailure;
  }
  WatchSignals(signals, ending);
  const int exit_code = ending->Wait() == Ending::Cause::kDeviceLost ? kExitDeviceLost : 0;
  const int64_t unfinished = (*server)->Drain();
  if (unfinished > 0) {
    LogWarning("calls did not finish in time", {{"calls", unfinished}});
    // Their threads still use the server.
    _exit(exit_code == kExitDeviceLost ? kExitDeviceLost : kExitInterrupted);
  }
  *server = nullptr;
  LogInfo("stopped");
  // At the end of a program CUDA cleans up, which may wait for a lost device for ever.
  if (ending->is_device_lost()) _exit(exit_code);
  return exit_code;
}

// Checks the data directory and writes what is wrong; the exit code says whether anything is.
int Verify(const ServerOptions& options) {
  std::set<std::string> told;
  RocksJournalOptions journal;
  journal.data_dir = options.data_dir;
  journal.log = [&told](LogLevel level, const std::string& message) {
    if (level == LogLevel::kInfo) {
      std::cout << message << std::endl;
    } else if (!IsHarmless(level, message) && told.insert(message).second) {
      std::cerr << "engramd: " << message << std::endl;
    }
  };
  const absl::Status status = RocksJournal::Verify(journal);
  if (status.ok()) {
    std::cout << options.data_dir << ": nothing is wrong" << std::endl;
    return 0;
  }
  const std::string message(status.message());
  if (told.count(message) == 0) std::cerr << "engramd: " << message << std::endl;
  return kExitFailure;
}

int Main(int argc, char** argv) {
  CLI::App app("engramd: serves named banks of patterns that recall each other, over gRPC.", "engramd");
  app.set_version_flag("--version", std::string("engramd ") + ENGRAM_VERSION);
  app.footer(
      "Each option can also be set in the environment or in the file that --config names; flags come first, "
      "then\n"
      "the environment, the file, the defaults. SIGTERM drains: calls in flight finish. A second one ends at "
      "once.\n"
      "\nExit codes: 0 stopped after a drain, or nothing is wrong; 1 could not start, or something is;\n"
      "2 wrong options; 3 left with calls unfinished; 75 stopped because a device is lost: start it again.");
  OptionValues values;
  std::string config;
  bool print_sample = false;
  bool verify = false;
  AddOptions(&app, &values, &config);
  app.add_flag("--print-sample-config", print_sample,
               "Print a file with every option at its default, and exit.");
  app.add_flag("--verify", verify,
               "Check all of --data-dir, which no server may have open, say what is wrong, and exit.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }
  if (print_sample) {
    std::cout << SampleOptionsFile();
    return 0;
  }
  const absl::StatusOr<ServerOptions> options = GatherOptions(std::move(values), config);
  if (!options.ok()) {
    std::cerr << "engramd: " << options.status().message() << "\nRun engramd --help for the options.\n";
    return kExitUsage;
  }
  if (verify && options->data_dir.empty()) {
    std::cerr << "engramd: --verify needs --data-dir\n";
    return kExitUsage;
  }
  if (verify) return Verify(*options);
  InitLog(options->log_level, options->log_format == "json" ? LogFormat::kJson : LogFormat::kText);
  return Serve(*options);
}

}  // namespace
}  // namespace engram

int main(int argc, char** argv) { return engram::Main(argc, argv); }
