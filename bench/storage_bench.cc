// engram_storage_bench: how far durable writes are from what the disk and RocksDB do alone. bench/storage.sh
// starts the server.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/cluster_data.h"
#include "bench/disk_peer.h"
#include "bench/rpc_load.h"
#include "bench/rpc_setup.h"
#include "bench/service_goals.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

constexpr int64_t kDim = 128;
constexpr int kWriters = 32;
constexpr char kBulkBank[] = "bulk";
constexpr char kSingleBank[] = "single";
// RocksDB alone puts 25,900 records a second on the machine that the goal of 10,000 Stores was set on.
constexpr double kShareOfRocksDb = 10'000.0 / 25'900;

struct Options {
  std::string engram;
  std::string folder;
  int64_t patterns = 1'000'000;
  int64_t rounds = 5;
  double seconds = 2;
  uint64_t seed = 1;
  std::string json;
};

v1::CreateBankRequest Bank(const char* name) {
  v1::CreateBankRequest create;
  create.set_name(name);
  create.set_dim(kDim);
  create.set_durability(v1::DURABILITY_SYNCED);
  return create;
}

// Stores of a pattern each.
std::vector<v1::StoreRequest> SingleStores(uint64_t seed) {
  constexpr int64_t kPatterns = 1000;
  const ClusterData data = MakeClusterData(kPatterns, 1, kDim, seed);
  std::vector<v1::StoreRequest> stores(kPatterns);
  for (int64_t i = 0; i < kPatterns; ++i) {
    stores[i].set_bank(kSingleBank);
    const auto row = data.patterns.begin() + i * kDim;
    *stores[i].mutable_patterns() = ToMatrix(std::vector<float>(row, row + kDim), kDim);
  }
  return stores;
}

class StorageBench {
 public:
  explicit StorageBench(Options options)
      : options_(std::move(options)), client_(Client::Connect({options_.engram})), memory_(options_.engram) {}

  absl::StatusOr<std::vector<Goal>> Run() {
    ENGRAM_RETURN_IF_ERROR(MeasureSingleStores());
    ENGRAM_RETURN_IF_ERROR(MeasureBulk());
    return std::move(goals_);
  }

 private:
  // Each is synced, and those that wait at the same time share a sync.
  absl::Status MeasureSingleStores() {
    const std::unique_ptr<Target> target = memory_.Store(SingleStores(options_.seed));
    const absl::Duration duration = absl::Seconds(options_.seconds);
    Goal rate = {"D1", "Stores of 1x128, 32 in flight: /s", Goal::Kind::kAtLeast, 10'000, {}};
    Goal alone = {"D1", "RocksDB, 32 writers: records/s", Goal::Kind::kNone, 0, {}};
    Goal share = {"D1", "Stores / RocksDB", Goal::Kind::kAtLeast, kShareOfRocksDb, {}};
    Goal latency = {"D1", "Stores of 1x128, 1 in flight: p50 ms", Goal::Kind::kNone, 0, {}};
    for (int64_t round = 0; round < options_.rounds; ++round) {
      ENGRAM_RETURN_IF_ERROR(client_.CreateBank(Bank(kSingleBank)).status());
      const LoadResult ours = RunInFlight(target.get(), kWriters, duration);
      ENGRAM_RETURN_IF_ERROR(ToStatus(ours.status));
      const LoadResult one = RunSequentially(target.get(), duration / 4);
      ENGRAM_RETURN_IF_ERROR(ToStatus(one.status));
      ENGRAM_RETURN_IF_ERROR(client_.DeleteBank(kSingleBank));
      ENGRAM_ASSIGN_OR_RETURN(
          const double theirs,
          SyncedPutsPerSecond(options_.folder, kWriters, kDim * int64_t{sizeof(float)}, duration));
      rate.values.push_back(ours.calls_per_second);
      latency.values.push_back(one.p50_us / 1000);
      alone.values.push_back(theirs);
      share.values.push_back(ours.calls_per_second / theirs);
    }
    for (Goal* const goal : {&rate, &alone, &share, &latency}) goals_.push_back(std::move(*goal));
    return absl::OkStatus();
  }

  // The bank of the last round stays, so that a start can be measured.
  absl::Status MeasureBulk() {
    const ClusterData data = MakeClusterData(options_.patterns, 1, kDim, options_.seed);
    v1::StoreRequest request;
    *request.mutable_patterns() = ToMatrix(data.patterns, kDim);
    BulkStoreOptions bulk;
    bulk.bank = kBulkBank;
    const std::string what = absl::StrCat("BulkStore of ", options_.patterns, "x128");
    Goal time = {"D2", what + ": s", Goal::Kind::kNone, 0, {}};
    Goal alone = {"D2", "its bytes written and synced: s", Goal::Kind::kNone, 0, {}};
    Goal ratio = {"D2", what + " / bytes alone", Goal::Kind::kAtMost, 2.5, {}};
    for (int64_t round = 0; round < options_.rounds; ++round) {
      if (round > 0) ENGRAM_RETURN_IF_ERROR(client_.DeleteBank(kBulkBank));
      const auto bytes = static_cast<int64_t>(data.patterns.size() * sizeof(float));
      ENGRAM_ASSIGN_OR_RETURN(const absl::Duration theirs, WriteAndSync(options_.folder, bytes));
      ENGRAM_RETURN_IF_ERROR(client_.CreateBank(Bank(kBulkBank)).status());
      const absl::Time begin = absl::Now();
      ENGRAM_RETURN_IF_ERROR(client_.BulkStore(bulk, request).status());
      const absl::Duration ours = absl::Now() - begin;
      time.values.push_back(absl::ToDoubleSeconds(ours));
      alone.values.push_back(absl::ToDoubleSeconds(theirs));
      ratio.values.push_back(absl::FDivDuration(ours, theirs));
    }
    for (Goal* const goal : {&time, &alone, &ratio}) goals_.push_back(std::move(*goal));
    return absl::OkStatus();
  }

  const Options options_;
  const Client client_;
  const MemoryStub memory_;
  std::vector<Goal> goals_;
};

int Main(int argc, char** argv) {
  CLI::App app("engram_storage_bench: measures durable writes beside the disk and RocksDB alone.",
               "engram_storage_bench");
  Options options;
  app.add_option("--engram", options.engram, "Address of an engramd with a data directory without banks.")
      ->required();
  app.add_option("--folder", options.folder, "Folder for scratch files, on the disk of the data directory.")
      ->required()
      ->check(CLI::ExistingDirectory);
  app.add_option("--patterns", options.patterns, "Patterns of a BulkStore.")->capture_default_str();
  app.add_option("--rounds", options.rounds, "Rounds of what is compared.")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--seconds", options.seconds, "Length of each measurement of a rate.")
      ->check(CLI::Range(0.1, 60.0))
      ->capture_default_str();
  app.add_option("--seed", options.seed, "Of the patterns.")->capture_default_str();
  app.add_option("--json", options.json, "Write every figure to this file.");
  CLI11_PARSE(app, argc, argv);

  const absl::StatusOr<std::vector<Goal>> goals = StorageBench(options).Run();
  if (!goals.ok()) {
    std::fprintf(stderr, "engram_storage_bench: %s\n", goals.status().ToString().c_str());
    return 1;
  }
  std::fputs(ToTable(*goals).c_str(), stdout);
  if (!options.json.empty() && !(std::ofstream(options.json) << ToJson(*goals))) {
    std::fprintf(stderr, "engram_storage_bench: cannot write '%s'\n", options.json.c_str());
    return 1;
  }
  return 0;
}

}  // namespace
}  // namespace engram::bench

int main(int argc, char** argv) { return engram::bench::Main(argc, argv); }
