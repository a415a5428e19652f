// engram_service_bench: how far the service is from its goals S1 to S4. bench/run.sh starts the servers.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/cluster_data.h"
#include "bench/process_effort.h"
#include "bench/rpc_load.h"
#include "bench/rpc_setup.h"
#include "bench/service_goals.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

constexpr int kInFlight = 64;

// The road alone: a sweep of so few rows takes no time.
constexpr BankShape kTiny = {"16x128", 16, 128};
constexpr BankShape kSmall = {"1000x128", 1'000, 128};
constexpr BankShape kWide = {"100000x768", 100'000, 768};
constexpr BankShape kHuge = {"1000000x128", 1'000'000, 128};
constexpr BankShape kStored = {"1000x768", 1'000, 768};

// A sweep of the wide and the huge bank takes so long that a short load says little.
constexpr double kLeastSecondsOfLongSweeps = 5;
// Calls of one round that ask all cues of the wide bank at once.
constexpr int kCallsAtOnce = 5;
// Stores of one round; the bank is dropped after it.
constexpr int kStores = 100;

struct Options {
  std::string engram;
  std::string unbatched;
  std::string echo;
  int engram_pid = 0;
  int echo_pid = 0;
  std::vector<std::string> goals = {"S1", "S2", "S3", "S4"};
  int64_t rounds = 5;
  double seconds = 2;
  uint64_t seed = 1;
  std::string json;
};

absl::StatusOr<LoadResult> Checked(LoadResult result) {
  if (!result.status.ok()) return ToStatus(result.status);
  return result;
}

// What a server uses up for each call of a load.
struct Effort {
  Effort(const char* load, const char* server, int server_pid)
      : pid(server_pid),
        cpu{"S1", absl::StrCat(load, ", 64 in flight: CPU us/call of ", server), Goal::Kind::kNone, 0, {}},
        switches{
            "S1", absl::StrCat(load, ", 64 in flight: waits/call of ", server), Goal::Kind::kNone, 0, {}} {}

  absl::StatusOr<LoadResult> Of(Target* target, absl::Duration duration) {
    ENGRAM_ASSIGN_OR_RETURN(const ProcessEffort before, ReadProcessEffort(pid));
    ENGRAM_ASSIGN_OR_RETURN(const LoadResult result, Checked(RunInFlight(target, kInFlight, duration)));
    ENGRAM_ASSIGN_OR_RETURN(const ProcessEffort after, ReadProcessEffort(pid));
    const auto calls = static_cast<double>(result.call_count);
    cpu.values.push_back((after.cpu_us - before.cpu_us) / calls);
    switches.values.push_back(static_cast<double>(after.context_switches - before.context_switches) / calls);
    return result;
  }

  int pid;
  Goal cpu;
  Goal switches;
};

class ServiceBench {
 public:
  explicit ServiceBench(Options options)
      : options_(std::move(options)),
        client_(Client::Connect({options_.engram})),
        memory_(options_.engram),
        echo_(options_.echo) {}

  absl::StatusOr<std::vector<Goal>> Run() {
    for (const std::string& id : std::set<std::string>(options_.goals.begin(), options_.goals.end())) {
      std::fprintf(stderr, "%s\n", id.c_str());
      if (id == "S1") {
        ENGRAM_RETURN_IF_ERROR(MeasureRoad(kTiny, Goal::Kind::kNone, Goal::Kind::kNone));
        ENGRAM_RETURN_IF_ERROR(MeasureRoad(kSmall, Goal::Kind::kAtMost, Goal::Kind::kAtLeast));
      }
      if (id == "S2") ENGRAM_RETURN_IF_ERROR(MeasureBatching());
      if (id == "S3") ENGRAM_RETURN_IF_ERROR(MeasureStore());
      if (id == "S4") ENGRAM_RETURN_IF_ERROR(MeasureNeighbour());
    }
    return std::move(goals_);
  }

 private:
  absl::Duration duration() const { return absl::Seconds(options_.seconds); }
  absl::Duration long_duration() const {
    return absl::Seconds(std::max(options_.seconds, kLeastSecondsOfLongSweeps));
  }

  // Retrieve beside an echo of messages of the same sizes.
  absl::Status MeasureRoad(const BankShape& shape, Goal::Kind latency_kind, Goal::Kind throughput_kind) {
    ENGRAM_ASSIGN_OR_RETURN(const LoadedBank bank, LoadBank(client_, shape, options_.seed));
    std::vector<v1::RetrieveRequest> requests = MakeRequests(bank, Sparsemax());
    std::vector<EchoRequest> echoes;
    for (const v1::RetrieveRequest& request : requests) {
      ENGRAM_ASSIGN_OR_RETURN(const v1::RetrieveResponse response, client_.Retrieve(request));
      echoes.push_back(EchoOf(request, response));
    }
    const std::unique_ptr<Target> retrieve = memory_.Retrieve(std::move(requests));
    const std::unique_ptr<Target> echo = echo_.Call(std::move(echoes));
    Goal latency = {"S1", absl::StrCat(shape.name, ", 1 in flight: p50 / echo"), latency_kind, 1.3, {}};
    Goal throughput = {
        "S1", absl::StrCat(shape.name, ", 64 in flight: calls/s / echo"), throughput_kind, 0.7, {}};
    Effort our_effort(shape.name, "engramd", options_.engram_pid);
    Effort their_effort(shape.name, "echo", options_.echo_pid);
    for (int64_t round = 0; round < options_.rounds; ++round) {
      ENGRAM_ASSIGN_OR_RETURN(const LoadResult ours, Checked(RunSequentially(retrieve.get(), duration())));
      ENGRAM_ASSIGN_OR_RETURN(const LoadResult theirs, Checked(RunSequentially(echo.get(), duration())));
      latency.values.push_back(ours.p50_us / theirs.p50_us);
      ENGRAM_ASSIGN_OR_RETURN(const LoadResult our_load, our_effort.Of(retrieve.get(), duration()));
      ENGRAM_ASSIGN_OR_RETURN(const LoadResult their_load, their_effort.Of(echo.get(), duration()));
      throughput.values.push_back(our_load.calls_per_second / their_load.calls_per_second);
    }
    goals_.push_back(std::move(latency));
    goals_.push_back(std::move(throughput));
    for (Effort* const effort : {&our_effort, &their_effort}) {
      goals_.push_back(std::move(effort->cpu));
      goals_.push_back(std::move(effort->switches));
    }
    return absl::OkStatus();
  }

  // What a sweep that serves many states gains over one for each.
  absl::Status MeasureBatching() {
    if (options_.unbatched.empty()) return absl::InvalidArgumentError("S2 needs --unbatched");
    ENGRAM_ASSIGN_OR_RETURN(const LoadedBank bank, LoadBank(client_, kWide, options_.seed));
    const Client unbatched_client = Client::Connect({options_.unbatched});
    ENGRAM_RETURN_IF_ERROR(LoadBank(unbatched_client, kWide, options_.seed).status());
    const std::vector<v1::RetrieveRequest> requests = MakeRequests(bank, Sparsemax());
    v1::RetrieveRequest all_cues = requests[0];
    *all_cues.mutable_queries() = ToMatrix(bank.cues, kWide.dim);
    const MemoryStub unbatched_stub(options_.unbatched);
    const std::unique_ptr<Target> batched = memory_.Retrieve(requests);
    const std::unique_ptr<Target> unbatched = unbatched_stub.Retrieve(requests);
    const std::unique_ptr<Target> at_once = memory_.Retrieve({all_cues});
    Goal gain = {"S2", "100000x768, 64 in flight: calls/s / --max-batch 1", Goal::Kind::kAtLeast, 6, {}};
    Goal tail = {"S2", "100000x768, 64 in flight: p99 / T(one call of 64)", Goal::Kind::kAtMost, 3, {}};
    for (int64_t round = 0; round < options_.rounds; ++round) {
      ENGRAM_ASSIGN_OR_RETURN(const LoadResult with,
                              Checked(RunInFlight(batched.get(), kInFlight, long_duration())));
      ENGRAM_ASSIGN_OR_RETURN(const LoadResult without,
                              Checked(RunInFlight(unbatched.get(), kInFlight, long_duration())));
      ENGRAM_ASSIGN_OR_RETURN(const LoadResult one, Checked(RunCalls(at_once.get(), kCallsAtOnce)));
      gain.values.push_back(with.calls_per_second / without.calls_per_second);
      tail.values.push_back(with.p99_us / one.p50_us);
    }
    goals_.push_back(std::move(gain));
    goals_.push_back(std::move(tail));
    ENGRAM_RETURN_IF_ERROR(unbatched_client.DeleteBank(kWide.name));
    return client_.DeleteBank(kWide.name);
  }

  // Store beside an upload of as many bytes.
  absl::Status MeasureStore() {
    ClusterData data = MakeClusterData(kStored.pattern_count, 1, kStored.dim, options_.seed);
    v1::StoreRequest store;
    store.set_bank(kStored.name);
    *store.mutable_patterns() = ToMatrix(data.patterns, kStored.dim);
    EchoRequest upload;
    upload.set_payload(std::string(store.ByteSizeLong(), '\0'));
    const std::unique_ptr<Target> storing = memory_.Store({store});
    const std::unique_ptr<Target> uploading = echo_.Call({upload});
    v1::CreateBankRequest create;
    create.set_name(kStored.name);
    create.set_dim(kStored.dim);
    Goal speed = {"S3", "Store 1000x768: speed / upload of the bytes", Goal::Kind::kAtLeast, 0.7, {}};
    for (int64_t round = 0; round < options_.rounds; ++round) {
      ENGRAM_RETURN_IF_ERROR(client_.CreateBank(create).status());
      ENGRAM_ASSIGN_OR_RETURN(const LoadResult ours, Checked(RunCalls(storing.get(), kStores)));
      ENGRAM_ASSIGN_OR_RETURN(const LoadResult theirs, Checked(RunCalls(uploading.get(), kStores)));
      speed.values.push_back(theirs.p50_us / ours.p50_us);
      ENGRAM_RETURN_IF_ERROR(client_.DeleteBank(kStored.name));
    }
    goals_.push_back(std::move(speed));
    return absl::OkStatus();
  }

  // A small bank next to a large one whose sweeps never end.
  absl::Status MeasureNeighbour() {
    ENGRAM_ASSIGN_OR_RETURN(const LoadedBank huge, LoadBank(client_, kHuge, options_.seed));
    const BankShape neighbour = {"neighbour", kSmall.pattern_count, kSmall.dim};
    ENGRAM_ASSIGN_OR_RETURN(const LoadedBank small, LoadBank(client_, neighbour, options_.seed));
    const MemoryStub other(options_.engram);
    const std::unique_ptr<Target> load = other.Retrieve(MakeRequests(huge, Sparsemax()));
    const std::unique_ptr<Target> retrieve = memory_.Retrieve(MakeRequests(small, Sparsemax()));
    Goal tail = {"S4", "1000x128 beside 64 in flight on 1000000x128: p99 ms", Goal::Kind::kAtMost, 5, {}};
    Goal middle = {"S4", "p50 ms", Goal::Kind::kNone, 0, {}};
    for (int64_t round = 0; round < options_.rounds; ++round) {
      LoadResult background;
      std::thread loader([&] { background = RunInFlight(load.get(), kInFlight, long_duration()); });
      absl::SleepFor(absl::Milliseconds(500));
      const LoadResult result = RunSequentially(retrieve.get(), long_duration() - absl::Seconds(1));
      loader.join();
      ENGRAM_RETURN_IF_ERROR(Checked(background).status());
      ENGRAM_RETURN_IF_ERROR(Checked(result).status());
      tail.values.push_back(result.p99_us / 1000);
      middle.values.push_back(result.p50_us / 1000);
    }
    goals_.push_back(std::move(tail));
    goals_.push_back(std::move(middle));
    ENGRAM_RETURN_IF_ERROR(client_.DeleteBank(neighbour.name));
    return client_.DeleteBank(kHuge.name);
  }

  const Options options_;
  const Client client_;
  const MemoryStub memory_;
  const EchoStub echo_;
  std::vector<Goal> goals_;
};

int Main(int argc, char** argv) {
  CLI::App app("engram_service_bench: measures the service beside its goals S1 to S4.",
               "engram_service_bench");
  Options options;
  app.add_option("--engram", options.engram, "Address of an engramd without banks.")->required();
  app.add_option("--unbatched", options.unbatched, "Address of another, with --max-batch 1, for S2.");
  app.add_option("--echo", options.echo, "Address of an engram_echo_server.")->required();
  app.add_option("--engram-pid", options.engram_pid, "Process of the first, here.")->required();
  app.add_option("--echo-pid", options.echo_pid, "Process of the echo server, here.")->required();
  app.add_option("--goals", options.goals, "Which to measure.")
      ->check(CLI::IsMember({"S1", "S2", "S3", "S4"}))
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "Rounds of what is compared.")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "Length of each measurement, without its warm-up.")
      ->check(CLI::Range(0.1, 60.0))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the patterns and cues.")->capture_default_str();
  app.add_option("--json", options.json, "Write every figure to this file.");
  CLI11_PARSE(app, argc, argv);

  const absl::StatusOr<std::vector<Goal>> goals = ServiceBench(options).Run();
  if (!goals.ok()) {
    std::fprintf(stderr, "engram_service_bench: %s\n", goals.status().ToString().c_str());
    return 1;
  }
  std::fputs(ToTable(*goals).c_str(), stdout);
  if (!options.json.empty() && !(std::ofstream(options.json) << ToJson(*goals))) {
    std::fprintf(stderr, "engram_service_bench: cannot write '%s'\n", options.json.c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) { return engram::bench::Main(argc, argv); }
