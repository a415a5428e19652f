// engram_large_bank_bench: what a unary Retrieve from a large bank takes one client, beside an echo of
// messages of the same sizes and beside what the sweeps of those very calls took, by the server's metrics.
// bench/gpu/service.sh starts the servers.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/rpc_load.h"
#include "bench/rpc_setup.h"
#include "bench/service_goals.h"
#include "bench/shape_text.h"
#include "bench/sweep_clock.h"
#include "core/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace engram::bench {
namespace {

using Json = nlohmann::ordered_json;

// Beside its sweeps a call may take so many times as long as an echo.
constexpr double kAllowedEchoes = 1.3;

struct Options {
  std::string engram;
  int metrics_port = 0;
  std::string echo;
  std::vector<std::string> shapes = {"1000000x768", "1000000x128"};
  int64_t rounds = 5;
  double seconds = 0.5;
  double limit = 0;
  int threads = 0;
  uint64_t seed = 1;
  std::string json;
};

// `text`, NxD, is the bank's name, too, and must outlive the result.
absl::StatusOr<BankShape> ParseShape(const std::string& text) {
  ENGRAM_ASSIGN_OR_RETURN(const auto shape, ParseShapeText(text, 1));
  return BankShape{text.c_str(), shape.first, shape.second};
}

v1::RetrieveRequest OneSparsemaxUpdate() {
  v1::RetrieveRequest request = Sparsemax();
  request.mutable_dynamics()->set_max_iterations(1);
  request.set_omit_energy(true);
  return request;
}

// One kind of call over one bank, its echo, and their figures in all rounds. Means are over the cues.
struct Contest {
  std::string kind;
  std::unique_ptr<Target> retrieve;
  std::unique_ptr<Target> echo;
  double request_bytes = 0;
  double response_bytes = 0;
  double updates = 0;
  double sweeps = 0;
  std::vector<double> retrieve_p50_us;
  std::vector<double> retrieve_p99_us;
  std::vector<double> echo_p50_us;
  std::vector<double> echo_p99_us;
  std::vector<double> sweeps_us;     // Of a call, on average.
  std::vector<double> of_allowed;    // p50 / (kAllowedEchoes echo's p50 + sweeps)
  std::vector<double> rest_of_echo;  // (p50 - sweeps) / echo's p50
};

Json ToJson(const Contest& contest) {
  return {{"kind", contest.kind},
          {"request_bytes", contest.request_bytes},
          {"response_bytes", contest.response_bytes},
          {"updates", contest.updates},
          {"sweeps", contest.sweeps},
          {"retrieve_p50_us", contest.retrieve_p50_us},
          {"retrieve_p99_us", contest.retrieve_p99_us},
          {"echo_p50_us", contest.echo_p50_us},
          {"echo_p99_us", contest.echo_p99_us},
          {"sweeps_us", contest.sweeps_us},
          {"rest_of_echo", Median(contest.rest_of_echo)},
          {"of_allowed", Median(contest.of_allowed)}};
}

void Print(const BankShape& shape, const Contest& contest) {
  std::printf("%-14s %-34s %9.1f %9.1f %9.1f %9.1f %9.1f %9.2f %9.2f\n", shape.name, contest.kind.c_str(),
              Median(contest.retrieve_p50_us), Median(contest.retrieve_p99_us), Median(contest.echo_p50_us),
              Median(contest.echo_p99_us), Median(contest.sweeps_us), Median(contest.rest_of_echo),
              Median(contest.of_allowed));
  std::fflush(stdout);
}

class LargeBankBench {
 public:
  explicit LargeBankBench(Options options)
      : options_(std::move(options)),
        end_(options_.limit > 0 ? absl::Now() + absl::Seconds(options_.limit) : absl::InfiniteFuture()),
        client_(Client::Connect({options_.engram})),
        memory_(options_.engram),
        echo_(options_.echo) {}

  // Saves what it has after each bank, and what went wrong.
  absl::Status Run() {
    absl::Status status = MeasureAll();
    if (!status.ok()) json_["error"] = status.ToString();
    ENGRAM_RETURN_IF_ERROR(Save());
    return status;
  }

 private:
  absl::Status MeasureAll() {
    ENGRAM_ASSIGN_OR_RETURN(const v1::GetCapabilitiesResponse capabilities, client_.GetCapabilities());
    json_ = {{"backend", capabilities.backend()},
             {"backend_reason", capabilities.backend_reason()},
             {"seed", options_.seed},
             {"allowed_echoes", kAllowedEchoes},
             {"banks", Json::array()}};
    std::printf("us, one client\n%-14s %-34s %9s %9s %9s %9s %9s %9s %9s\n", "N x D", "Retrieve", "p50",
                "p99", "echo p50", "echo p99", "sweeps", "rest/echo", "/allowed");
    for (const std::string& text : options_.shapes) {
      ENGRAM_ASSIGN_OR_RETURN(const BankShape shape, ParseShape(text));
      if (absl::Now() >= end_) {
        json_["skipped"] = absl::StrCat("no time left for ", text);
        break;
      }
      ENGRAM_RETURN_IF_ERROR(Measure(shape));
      ENGRAM_RETURN_IF_ERROR(Save());
    }
    return absl::OkStatus();
  }

  absl::Status Measure(const BankShape& shape) {
    const absl::Time begin = absl::Now();
    const int threads =
        options_.threads > 0 ? options_.threads : static_cast<int>(std::thread::hardware_concurrency());
    ENGRAM_ASSIGN_OR_RETURN(const LoadedBank loaded,
                            LoadLargeBank(client_, shape, options_.seed, std::max(threads, 1)));
    const double store_seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    ENGRAM_ASSIGN_OR_RETURN(const v1::Bank bank, client_.GetBank(shape.name));

    std::vector<Contest> contests(2);
    ENGRAM_ASSIGN_OR_RETURN(contests[0], Prepare("one update", loaded, OneSparsemaxUpdate()));
    ENGRAM_ASSIGN_OR_RETURN(contests[1], Prepare("to the fixed point, with energies", loaded, Sparsemax()));
    for (int64_t round = 0; round < options_.rounds; ++round) {
      if (round > 0 && absl::Now() >= end_) break;
      for (Contest& contest : contests) ENGRAM_RETURN_IF_ERROR(RunRound(&contest));
    }
    json_["banks"].push_back({{"patterns", bank.pattern_count()},
                              {"dim", bank.dim()},
                              {"store_seconds", store_seconds},
                              {"device_bytes", bank.device_bytes()},
                              {"calls", Json::array()}});
    for (const Contest& contest : contests) {
      json_["banks"].back()["calls"].push_back(ToJson(contest));
      Print(shape, contest);
    }
    return client_.DeleteBank(shape.name);
  }

  // Asks each cue once to see what comes back.
  absl::StatusOr<Contest> Prepare(const char* kind, const LoadedBank& bank,
                                  const v1::RetrieveRequest& prototype) const {
    std::vector<v1::RetrieveRequest> requests = MakeRequests(bank, prototype);
    std::vector<EchoRequest> echoes;
    Contest contest;
    contest.kind = kind;
    for (const v1::RetrieveRequest& request : requests) {
      ENGRAM_ASSIGN_OR_RETURN(const v1::RetrieveResponse response, client_.Retrieve(request));
      echoes.push_back(EchoOf(request, response));
      contest.request_bytes += static_cast<double>(request.ByteSizeLong()) / kCues;
      contest.response_bytes += static_cast<double>(response.ByteSizeLong()) / kCues;
      contest.updates += static_cast<double>(response.retrievals(0).iterations()) / kCues;
      contest.sweeps += static_cast<double>(response.retrievals(0).sweeps()) / kCues;
    }
    contest.retrieve = memory_.Retrieve(std::move(requests));
    contest.echo = echo_.Call(std::move(echoes));
    return contest;
  }

  // Nobody else calls the server, so that what its sweeps took meanwhile is what those of the calls took.
  absl::Status RunRound(Contest* contest) const {
    const absl::Duration duration = absl::Seconds(options_.seconds);
    ENGRAM_ASSIGN_OR_RETURN(const SweepTotals before, ReadSweepTotals(options_.metrics_port));
    const LoadResult ours = RunSequentially(contest->retrieve.get(), duration);
    ENGRAM_RETURN_IF_ERROR(ToStatus(ours.status));
    ENGRAM_ASSIGN_OR_RETURN(const SweepTotals after, ReadSweepTotals(options_.metrics_port));
    const LoadResult theirs = RunSequentially(contest->echo.get(), duration);
    ENGRAM_RETURN_IF_ERROR(ToStatus(theirs.status));
    if (ours.p50_us <= 0 || theirs.p50_us <= 0) {
      return absl::DeadlineExceededError(
          absl::StrCat("seconds: no call ended within ", options_.seconds, " s"));
    }
    const double sweeps_us =
        (after.seconds - before.seconds) * 1e6 / static_cast<double>(std::max<int64_t>(ours.call_count, 1));
    contest->retrieve_p50_us.push_back(ours.p50_us);
    contest->retrieve_p99_us.push_back(ours.p99_us);
    contest->echo_p50_us.push_back(theirs.p50_us);
    contest->echo_p99_us.push_back(theirs.p99_us);
    contest->sweeps_us.push_back(sweeps_us);
    contest->of_allowed.push_back(ours.p50_us / (kAllowedEchoes * theirs.p50_us + sweeps_us));
    contest->rest_of_echo.push_back((ours.p50_us - sweeps_us) / theirs.p50_us);
    return absl::OkStatus();
  }

  absl::Status Save() const {
    if (options_.json.empty() || std::ofstream(options_.json) << json_.dump(1) << '\n') {
      return absl::OkStatus();
    }
    return absl::UnavailableError(absl::StrCat("json: cannot write '", options_.json, "'"));
  }

  const Options options_;
  const absl::Time end_;
  const Client client_;
  const MemoryStub memory_;
  const EchoStub echo_;
  Json json_;
};

int Main(int argc, char** argv) {
  CLI::App app("engram_large_bank_bench: measures Retrieve from large banks beside an echo and their sweeps.",
               "engram_large_bank_bench");
  Options options;
  app.add_option("--engram", options.engram, "Address of an engramd without banks, that nobody else uses.")
      ->required();
  app.add_option("--metrics-port", options.metrics_port, "Where it serves metrics, on 127.0.0.1.")
      ->required()
      ->check(CLI::Range(1, 65535));
  app.add_option("--echo", options.echo, "Address of an engram_echo_server.")->required();
  app.add_option("--shapes", options.shapes, "Banks, NxD.")->delimiter(',')->capture_default_str();
  app.add_option("--rounds", options.rounds, "Rounds of Retrieve and echo.")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "Length of each measurement, without its warm-up.")
      ->check(CLI::Range(0.1, 60.0))
      ->capture_default_str();
  app.add_option("--limit", options.limit, "Begin nothing later than that, in seconds; 0: no limit.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Threads that make and store patterns; 0: all there are.")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the patterns and cues.")->capture_default_str();
  app.add_option("--json", options.json, "Write every figure to this file.");
  CLI11_PARSE(app, argc, argv);

  const absl::Status status = LargeBankBench(options).Run();
  if (!status.ok()) {
    std::fprintf(stderr, "engram_large_bank_bench: %s\n", status.ToString().c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) { return engram::bench::Main(argc, argv); }
