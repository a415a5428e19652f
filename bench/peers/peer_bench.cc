// engram_peer_bench: Engram's side of bench/peers/compare.py. It reads commands from standard input, one a
// line, and answers each with a line of JSON on standard output, {"error": TEXT} if it fails.
//
//   data patterns=FILE rows=N queries=FILE query_rows=M dim=D
//     Loads matrices of raw little-endian float32.
//   forget
//     Gives back the memory of the data and its banks.
//   time METHOD [seconds=S] [first=I]
//     Serves batches I, I + 1, ... for S seconds, at least one. {"ms": median of a call, "calls",
//     "cpu_share"}
//   answers METHOD file=FILE [count=M]
//     Serves the first `count` queries, a multiple of the batch, and writes for each: number of ids (uint64),
//     ids (uint64), weights (double), number of components (uint64), state (double).
//     {"support": mean, "max_support", "iterations": mean, "sweeps": mean}
//   load METHOD clients=C [banks=K] [bank_rows=R] [rate=R] [max_batch=B] [seconds=S]
//     Calls an engine from C threads, or at R calls a second, on K banks that share the rows, or have
//     `bank_rows` each. {"calls_per_second", "p50_us", "p99_us", "calls"}
//   neighbour METHOD clients=C [bank_rows=R] [seconds=S]
//     One client on a bank of R rows while C others keep that of all rows busy: the latencies of the one.
//   about
//     {"backend", "codes": whether banks have int8 codes to screen by}
//
// METHOD is method=NAME and, for what it computes, transform=softmax|entmax|k_subsets alpha= k= beta=
// max_iterations= batch=B screening=int8|float32 threads=1|2 core=C; one thread is pinned to the core. Names:
//   update     one update: sweep, projection and combination, without the RPC
//   rescan     updates, each with a sweep, until the state stops
//   stream     one softmax update in one read, as arithmetic FAST computes it
//   retrieve   a retrieval through the engine until the state stops
//   reference  one update over the backend "reference"
//   eigen      one update by sparsemax as plain Eigen makes it
//   read       reads the patterns

#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "bench/peers/command.h"
#include "bench/peers/engine_load.h"
#include "bench/peers/method.h"
#include "bench/peers/peer_data.h"
#include "bench/peers/runner.h"
#include "bench/peers/stopwatch.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

template <typename T>
void Write(const std::vector<T>& values, std::ofstream* file) {
  file->write(reinterpret_cast<const char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(T)));
}

void Write(const Answer& answer, std::ofstream* file) {
  Write<uint64_t>({answer.ids.size()}, file);
  Write(answer.ids, file);
  Write(answer.weights, file);
  Write<uint64_t>({answer.state.size()}, file);
  Write(answer.state, file);
}

std::string ToJson(const LoadTiming& timing) {
  return absl::StrFormat(R"({"calls_per_second": %.6g, "p50_us": %.6g, "p99_us": %.6g, "calls": %d})",
                         timing.calls_per_second, timing.p50_us, timing.p99_us, timing.calls);
}

// What lives from one command to the next.
class PeerBench {
 public:
  absl::StatusOr<std::string> Serve(const Command& command) {
    if (command.verb() == "data") return LoadData(command);
    if (command.verb() == "forget") return Forget();
    if (data_ == nullptr) return absl::FailedPreconditionError("no data");
    ENGRAM_ASSIGN_OR_RETURN(Runner * runner, RunnerFor(command));
    if (command.verb() == "about") return About(runner);
    if (command.verb() == "load") return Load(command, runner);
    if (command.verb() == "neighbour") return Neighbour(command, runner);
    ENGRAM_ASSIGN_OR_RETURN(const std::unique_ptr<Method> method, MakeMethod(command, data_.get(), runner));
    ENGRAM_ASSIGN_OR_RETURN(const int64_t batch, command.Integer("batch", 1));
    if (command.verb() == "time") return Time(command, method.get(), batch);
    if (command.verb() == "answers") return Answers(command, method.get(), batch);
    return absl::InvalidArgumentError(absl::StrCat("no such command: ", command.verb()));
  }

 private:
  absl::StatusOr<std::string> LoadData(const Command& command) {
    ENGRAM_ASSIGN_OR_RETURN(const int64_t rows, command.Integer("rows", 0));
    ENGRAM_ASSIGN_OR_RETURN(const int64_t query_rows, command.Integer("query_rows", 0));
    ENGRAM_ASSIGN_OR_RETURN(const int64_t dim, command.Integer("dim", 0));
    Forget();  // Before the next is loaded: there may not be room for both.
    ENGRAM_ASSIGN_OR_RETURN(data_, PeerData::Load(command.Text("patterns", ""), rows,
                                                  command.Text("queries", ""), query_rows, dim));
    return "{}";
  }

  std::string Forget() {
    runners_.clear();
    data_.reset();
    return "{}";
  }

  // Where a command runs; the caller's thread is moved there.
  absl::StatusOr<Runner*> RunnerFor(const Command& command) {
    ENGRAM_ASSIGN_OR_RETURN(const int64_t threads, command.Integer("threads", 1));
    ENGRAM_ASSIGN_OR_RETURN(const int64_t core, command.Integer("core", 0));
    if (threads < 1) return absl::InvalidArgumentError("threads: allowed 1 or more");
    ENGRAM_RETURN_IF_ERROR(threads == 1 ? PinToCore(static_cast<int>(core)) : UseAllCores());
    std::unique_ptr<Runner>& runner = runners_[{threads, core}];
    if (runner == nullptr) {
      ENGRAM_ASSIGN_OR_RETURN(runner, Runner::Make(static_cast<int>(threads), static_cast<int>(core)));
    }
    return runner.get();
  }

  static std::string About(const Runner* runner) {
    return absl::StrFormat(R"({"backend": "%s", "codes": %s})", absl::CEscape(runner->description()),
                           kHasCodes ? "true" : "false");
  }

  static absl::StatusOr<std::string> Time(const Command& command, Method* method, int64_t batch) {
    ENGRAM_ASSIGN_OR_RETURN(const double seconds, command.Number("seconds", 0.1));
    ENGRAM_ASSIGN_OR_RETURN(const int64_t first, command.Integer("first", 0));
    ENGRAM_ASSIGN_OR_RETURN(const Timing timing, TimeCalls(absl::Seconds(seconds), first, [&](int64_t i) {
                              return method->Run(i * batch);
                            }));
    return absl::StrFormat(R"({"ms": %.6g, "calls": %d, "cpu_share": %.4f})", timing.median_ms, timing.calls,
                           timing.cpu_share);
  }

  absl::StatusOr<std::string> Answers(const Command& command, Method* method, int64_t batch) const {
    ENGRAM_ASSIGN_OR_RETURN(const int64_t count, command.Integer("count", data_->query_count()));
    std::ofstream file(command.Text("file", ""), std::ios::binary);
    double support = 0;
    double iterations = 0;
    double sweeps = 0;
    size_t max_support = 0;
    for (int64_t first = 0; first < count; first += batch) {
      ENGRAM_RETURN_IF_ERROR(method->Run(first));
      for (int64_t b = 0; b < batch; ++b) {
        const Answer answer = method->LastAnswer(b);
        Write(answer, &file);
        support += static_cast<double>(answer.ids.size());
        max_support = std::max(max_support, answer.ids.size());
        iterations += answer.iterations;
        sweeps += answer.sweeps;
      }
    }
    if (!file.flush()) return absl::UnavailableError(absl::StrCat("cannot write ", command.Text("file", "")));
    const auto queries = static_cast<double>(count);
    return absl::StrFormat(R"({"support": %g, "max_support": %d, "iterations": %g, "sweeps": %g})",
                           support / queries, max_support, iterations / queries, sweeps / queries);
  }

  absl::StatusOr<std::vector<BankSnapshot>> MakeBanks(const Command& command) {
    ENGRAM_ASSIGN_OR_RETURN(const int64_t count, command.Integer("banks", 1));
    if (count < 1 || count > data_->pattern_count()) return absl::InvalidArgumentError("banks: out of range");
    const int64_t rows = data_->pattern_count() / count;
    std::vector<BankSnapshot> banks;
    for (int64_t i = 0; i < count; ++i) {
      ENGRAM_ASSIGN_OR_RETURN(BankSnapshot bank, data_->MakeBank(ScreenedBy::kInt8, i * rows, rows));
      banks.push_back(std::move(bank));
    }
    return banks;
  }

  absl::StatusOr<std::string> Load(const Command& command, Runner* runner) {
    ENGRAM_ASSIGN_OR_RETURN(const Dynamics dynamics, ParseDynamics(command));
    ENGRAM_ASSIGN_OR_RETURN(const int64_t clients, command.Integer("clients", 1));
    ENGRAM_ASSIGN_OR_RETURN(const double rate, command.Number("rate", 0));
    ENGRAM_ASSIGN_OR_RETURN(const double seconds, command.Number("seconds", 1));
    EngineOptions options;
    ENGRAM_ASSIGN_OR_RETURN(options.max_batch, command.Integer("max_batch", options.max_batch));
    if (clients < 1 || options.max_batch < 1)
      return absl::InvalidArgumentError("clients, max_batch: below 1");
    ENGRAM_ASSIGN_OR_RETURN(std::vector<BankSnapshot> banks, MakeBanks(command));
    Engine engine(options, runner->cpu(), runner->pool(), runner->clock());
    const absl::Duration duration = absl::Seconds(seconds);
    const absl::StatusOr<LoadTiming> timing =
        rate > 0 ? RunAtRate(&engine, *data_, dynamics, banks, rate, duration)
                 : ClosedLoad(&engine, data_.get(), dynamics, std::move(banks), static_cast<int>(clients))
                       .Run(duration);
    ENGRAM_RETURN_IF_ERROR(timing.status());
    return ToJson(*timing);
  }

  absl::StatusOr<std::string> Neighbour(const Command& command, Runner* runner) {
    ENGRAM_ASSIGN_OR_RETURN(const Dynamics dynamics, ParseDynamics(command));
    ENGRAM_ASSIGN_OR_RETURN(const int64_t clients, command.Integer("clients", 1));
    ENGRAM_ASSIGN_OR_RETURN(const int64_t rows, command.Integer("bank_rows", 1000));
    ENGRAM_ASSIGN_OR_RETURN(const double seconds, command.Number("seconds", 1));
    if (clients < 1 || rows < 1 || rows > data_->pattern_count()) {
      return absl::InvalidArgumentError("clients, bank_rows: out of range");
    }
    ENGRAM_ASSIGN_OR_RETURN(const BankSnapshot large, data_->Bank(ScreenedBy::kInt8));
    ENGRAM_ASSIGN_OR_RETURN(const BankSnapshot small, data_->MakeBank(ScreenedBy::kInt8, 0, rows));
    Engine engine(EngineOptions(), runner->cpu(), runner->pool(), runner->clock());
    const ClosedLoad crowd(&engine, data_.get(), dynamics, {large}, static_cast<int>(clients));
    const ClosedLoad one(&engine, data_.get(), dynamics, {small}, 1);
    absl::StatusOr<LoadTiming> busy = absl::UnknownError("");
    std::thread thread([&] { busy = crowd.Run(absl::Seconds(seconds)); });
    const absl::StatusOr<LoadTiming> timing = one.Run(absl::Seconds(seconds));
    thread.join();
    ENGRAM_RETURN_IF_ERROR(busy.status());
    ENGRAM_RETURN_IF_ERROR(timing.status());
    return ToJson(*timing);
  }

  std::unique_ptr<PeerData> data_;
  std::map<std::pair<int64_t, int64_t>, std::unique_ptr<Runner>> runners_;  // By threads and core.
};

void Run() {
  PeerBench bench;
  std::string line;
  while (std::getline(std::cin, line)) {
    const absl::StatusOr<std::string> answer = bench.Serve(Command::Parse(line));
    std::cout << (answer.ok()
                      ? *answer
                      : absl::StrCat(R"({"error": ")", absl::CEscape(answer.status().ToString()), "\"}"))
              << std::endl;
  }
}

}  // namespace
}  // namespace engram::bench

int main() { engram::bench::Run(); }
