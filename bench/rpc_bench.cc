// engram_rpc_bench: what a unary Retrieve costs beside an echo of messages of the same sizes, and what memory
// the server takes. bench/run.sh starts the servers.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bench/process_memory.h"
#include "bench/rpc_load.h"
#include "bench/rpc_report.h"
#include "bench/rpc_setup.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

struct Options {
  std::string engram;
  int engram_pid = 0;
  std::string echo;
  int64_t rounds = 5;
  double seconds = 2;
  uint64_t seed = 1;
  std::string json;
};

constexpr BankShape kSmall = {"1000x128", 1'000, 128};
constexpr BankShape kMedium = {"10000x256", 10'000, 256};
constexpr BankShape kLarge = {"100000x256", 100'000, 256};  // For its memory alone.

// A bank of the server, and what it takes there.
struct MeasuredBank {
  LoadedBank bank;
  BankMemory memory;
};

absl::StatusOr<MeasuredBank> MeasureBank(const Client& client, const BankShape& shape,
                                         const Options& options) {
  ENGRAM_ASSIGN_OR_RETURN(const ProcessMemory before, ReadProcessMemory(options.engram_pid));
  ENGRAM_ASSIGN_OR_RETURN(LoadedBank loaded, LoadBank(client, shape, options.seed));
  ENGRAM_ASSIGN_OR_RETURN(const v1::Bank bank, client.GetBank(shape.name));
  ENGRAM_ASSIGN_OR_RETURN(const ProcessMemory after, ReadProcessMemory(options.engram_pid));
  const int64_t row_bytes = shape.pattern_count * shape.dim * static_cast<int64_t>(sizeof(float));
  return MeasuredBank{
      std::move(loaded),
      {shape.name, row_bytes, bank.memory_bytes(), after.resident_bytes - before.resident_bytes}};
}

// One kind of retrieval and its echo, ready to be measured.
struct Contest {
  Comparison comparison;
  std::unique_ptr<Target> retrieve;
  std::unique_ptr<Target> echo;
};

class RpcBench {
 public:
  explicit RpcBench(Options options)
      : options_(std::move(options)),
        client_(Client::Connect({options_.engram})),
        memory_(options_.engram),
        echo_(options_.echo) {}

  absl::StatusOr<RpcReport> Run() {
    RpcReport report;
    report.seed = options_.seed;
    report.round_count = options_.rounds;
    ENGRAM_ASSIGN_OR_RETURN(report.empty_server, ReadProcessMemory(options_.engram_pid));
    ENGRAM_ASSIGN_OR_RETURN(const MeasuredBank medium, MeasureBank(client_, kMedium, options_));
    ENGRAM_ASSIGN_OR_RETURN(const MeasuredBank small, MeasureBank(client_, kSmall, options_));
    ENGRAM_ASSIGN_OR_RETURN(const MeasuredBank large, MeasureBank(client_, kLarge, options_));
    report.banks = {medium.memory, small.memory, large.memory};

    std::vector<Contest> contests(3);
    ENGRAM_ASSIGN_OR_RETURN(contests[0], Prepare("sparsemax,", medium.bank, Sparsemax()));
    ENGRAM_ASSIGN_OR_RETURN(contests[1], Prepare("softmax, one update,", medium.bank, OneSoftmaxUpdate()));
    ENGRAM_ASSIGN_OR_RETURN(contests[2], Prepare("sparsemax,", small.bank, Sparsemax()));
    for (int64_t round = 0; round < options_.rounds; ++round) {
      std::fprintf(stderr, "round %d of %d\n", static_cast<int>(round + 1),
                   static_cast<int>(options_.rounds));
      for (Contest& contest : contests) ENGRAM_RETURN_IF_ERROR(RunRound(&contest));
    }
    for (Contest& contest : contests) report.comparisons.push_back(std::move(contest.comparison));
    ENGRAM_ASSIGN_OR_RETURN(report.server_after_load, ReadProcessMemory(options_.engram_pid));
    return report;
  }

 private:
  // Asks each cue once to see what comes back.
  absl::StatusOr<Contest> Prepare(const char* transform, const LoadedBank& bank,
                                  const v1::RetrieveRequest& prototype) {
    std::vector<v1::RetrieveRequest> requests = MakeRequests(bank, prototype);
    std::vector<EchoRequest> echoes;
    Contest contest;
    Comparison& comparison = contest.comparison;
    comparison.name = absl::StrCat(transform, " ", bank.shape.name);
    for (const v1::RetrieveRequest& request : requests) {
      ENGRAM_ASSIGN_OR_RETURN(const v1::RetrieveResponse response, client_.Retrieve(request));
      const v1::Retrieval& retrieval = response.retrievals(0);
      echoes.push_back(EchoOf(request, response));
      comparison.request_bytes += static_cast<double>(request.ByteSizeLong()) / kCues;
      comparison.response_bytes += static_cast<double>(response.ByteSizeLong()) / kCues;
      comparison.support_size += static_cast<double>(retrieval.support_size()) / kCues;
      comparison.updates += static_cast<double>(retrieval.iterations()) / kCues;
      comparison.sweeps += static_cast<double>(retrieval.sweeps()) / kCues;
    }
    contest.retrieve = memory_.Retrieve(std::move(requests));
    contest.echo = echo_.Call(std::move(echoes));
    return contest;
  }

  absl::Status RunRound(Contest* contest) const {
    ENGRAM_RETURN_IF_ERROR(Measure(contest->retrieve.get(), &contest->comparison.retrieve));
    return Measure(contest->echo.get(), &contest->comparison.echo);
  }

  absl::Status Measure(Target* target, Rounds* rounds) const {
    const absl::Duration duration = absl::Seconds(options_.seconds);
    rounds->alone.push_back(RunSequentially(target, duration));
    ENGRAM_RETURN_IF_ERROR(ToStatus(rounds->alone.back().status));
    rounds->in_flight.push_back(RunInFlight(target, kInFlight, duration));
    return ToStatus(rounds->in_flight.back().status);
  }

  const Options options_;
  const Client client_;
  const MemoryStub memory_;
  const EchoStub echo_;
};

int Main(int argc, char** argv) {
  CLI::App app("engram_rpc_bench: measures Retrieve beside an echo, and the server's memory.",
               "engram_rpc_bench");
  Options options;
  app.add_option("--engram", options.engram, "Address of an engramd without banks.")->required();
  app.add_option("--engram-pid", options.engram_pid, "Its process, here.")->required();
  app.add_option("--echo", options.echo, "Address of an engram_echo_server.")->required();
  app.add_option("--rounds", options.rounds, "Rounds of Retrieve and echo.")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "Length of each measurement, without its warm-up.")
      ->check(CLI::Range(0.1, 60.0))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the patterns and cues.")->capture_default_str();
  app.add_option("--json", options.json, "Write every figure to this file.");
  CLI11_PARSE(app, argc, argv);

  const absl::StatusOr<RpcReport> report = RpcBench(options).Run();
  if (!report.ok()) {
    std::fprintf(stderr, "engram_rpc_bench: %s\n", report.status().ToString().c_str());
    return 1;
  }
  std::fputs(ToTable(*report).c_str(), stdout);
  if (!options.json.empty() && !(std::ofstream(options.json) << ToJson(*report))) {
    std::fprintf(stderr, "engram_rpc_bench: cannot write '%s'\n", options.json.c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) { return engram::bench::Main(argc, argv); }
