// engram_rpc_bench: what a unary Retrieve costs beside an echo of messages of the same sizes, and what memory
// the server takes. bench/run.sh starts the servers.

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bench/cluster_data.h"
#include "bench/process_memory.h"
#include "bench/rpc_load.h"
#include "bench/rpc_report.h"
#include "core/base/status_macros.h"
#include "echo.grpc.pb.h"
#include "engram/client.h"
#include "engram/v1/associative_memory.grpc.pb.h"

namespace engram::bench {
namespace {

constexpr int64_t kCues = 64;

struct Options {
  std::string engram;
  int engram_pid = 0;
  std::string echo;
  int64_t rounds = 5;
  double seconds = 2;
  uint64_t seed = 1;
  std::string json;
};

struct BankShape {
  const char* name;
  int64_t pattern_count;
  int64_t dim;
};
constexpr BankShape kSmall = {"1000x128", 1'000, 128};
constexpr BankShape kMedium = {"10000x256", 10'000, 256};
constexpr BankShape kLarge = {"100000x256", 100'000, 256};  // For its memory alone.

// A bank of the server and cues for it.
struct LoadedBank {
  BankShape shape;
  std::vector<float> cues;  // [kCues, dim]
  BankMemory memory;
};

absl::Status ToStatus(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

absl::StatusOr<LoadedBank> LoadBank(const Client& client, const BankShape& shape, const Options& options) {
  ENGRAM_ASSIGN_OR_RETURN(const ProcessMemory before, ReadProcessMemory(options.engram_pid));
  ClusterData data = MakeClusterData(shape.pattern_count, kCues, shape.dim, options.seed);
  v1::CreateBankRequest create;
  create.set_name(shape.name);
  create.set_dim(shape.dim);
  ENGRAM_RETURN_IF_ERROR(client.CreateBank(create).status());
  v1::StoreRequest store;
  store.set_bank(shape.name);
  *store.mutable_patterns() = ToMatrix(data.patterns, shape.dim);
  ENGRAM_RETURN_IF_ERROR(client.Store(store).status());
  ENGRAM_ASSIGN_OR_RETURN(const v1::Bank bank, client.GetBank(shape.name));
  ENGRAM_ASSIGN_OR_RETURN(const ProcessMemory after, ReadProcessMemory(options.engram_pid));
  const auto row_bytes = static_cast<int64_t>(data.patterns.size() * sizeof(float));
  return LoadedBank{
      shape,
      std::move(data.cues),
      {shape.name, row_bytes, bank.memory_bytes(), after.resident_bytes - before.resident_bytes}};
}

// Until the fixed point, which is one pattern.
v1::RetrieveRequest Sparsemax() {
  v1::RetrieveRequest request;
  request.mutable_dynamics()->set_beta(kSharpBeta);
  request.mutable_dynamics()->mutable_entmax()->set_alpha(2);
  return request;
}

// What attention computes: every pattern has weight.
v1::RetrieveRequest OneSoftmaxUpdate() {
  v1::RetrieveRequest request;
  request.mutable_dynamics()->set_beta(kSharpBeta);
  request.mutable_dynamics()->mutable_softmax();
  request.mutable_dynamics()->set_max_iterations(1);
  request.set_omit_energy(true);
  return request;
}

// `prototype` for each cue of `bank`.
std::vector<v1::RetrieveRequest> MakeRequests(const LoadedBank& bank, const v1::RetrieveRequest& prototype) {
  std::vector<v1::RetrieveRequest> requests(kCues, prototype);
  for (int64_t b = 0; b < kCues; ++b) {
    requests[b].set_bank(bank.shape.name);
    const auto cue = absl::MakeConstSpan(bank.cues).subspan(b * bank.shape.dim, bank.shape.dim);
    *requests[b].mutable_queries() = ToMatrix(cue, bank.shape.dim);
  }
  return requests;
}

// Has the size of `request` and asks for an answer of the size of `response`.
EchoRequest EchoOf(const v1::RetrieveRequest& request, const v1::RetrieveResponse& response) {
  // Tag and length of a payload of 128 to 16,383 bytes.
  constexpr int kPayloadOverheadBytes = 3;
  EchoRequest echo;
  echo.set_response_payload_bytes(static_cast<int>(response.ByteSizeLong()) - kPayloadOverheadBytes);
  echo.set_payload(std::string(request.ByteSizeLong() - echo.ByteSizeLong() - kPayloadOverheadBytes, '\0'));
  return echo;
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
        memory_(v1::AssociativeMemory::NewStub(Connect(options_.engram))),
        echo_(Echo::NewStub(Connect(options_.echo))) {}

  absl::StatusOr<RpcReport> Run() {
    RpcReport report;
    report.seed = options_.seed;
    report.round_count = options_.rounds;
    ENGRAM_ASSIGN_OR_RETURN(report.empty_server, ReadProcessMemory(options_.engram_pid));
    ENGRAM_ASSIGN_OR_RETURN(const LoadedBank medium, LoadBank(client_, kMedium, options_));
    ENGRAM_ASSIGN_OR_RETURN(const LoadedBank small, LoadBank(client_, kSmall, options_));
    ENGRAM_ASSIGN_OR_RETURN(const LoadedBank large, LoadBank(client_, kLarge, options_));
    report.banks = {medium.memory, small.memory, large.memory};

    std::vector<Contest> contests(3);
    ENGRAM_ASSIGN_OR_RETURN(contests[0], Prepare("sparsemax,", medium, Sparsemax()));
    ENGRAM_ASSIGN_OR_RETURN(contests[1], Prepare("softmax, one update,", medium, OneSoftmaxUpdate()));
    ENGRAM_ASSIGN_OR_RETURN(contests[2], Prepare("sparsemax,", small, Sparsemax()));
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
  static std::shared_ptr<grpc::Channel> Connect(const std::string& target) {
    return grpc::CreateChannel(target, grpc::InsecureChannelCredentials());
  }

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
    using RetrieveTarget = StubTarget<v1::AssociativeMemory, v1::RetrieveRequest, v1::RetrieveResponse>;
    using EchoTarget = StubTarget<Echo, EchoRequest, EchoResponse>;
    contest.retrieve =
        absl::WrapUnique(new RetrieveTarget(memory_.get(), &RetrieveTarget::Stub::Retrieve,
                                            &RetrieveTarget::AsyncStub::Retrieve, std::move(requests)));
    contest.echo = absl::WrapUnique(new EchoTarget(echo_.get(), &EchoTarget::Stub::Call,
                                                   &EchoTarget::AsyncStub::Call, std::move(echoes)));
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
  const std::unique_ptr<v1::AssociativeMemory::Stub> memory_;
  const std::unique_ptr<Echo::Stub> echo_;
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
