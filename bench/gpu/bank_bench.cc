#include "bench/gpu/bank_bench.h"

#include <cuda_runtime_api.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/cluster_data.h"
#include "bench/gpu/clustered_bank.h"
#include "bench/process_memory.h"
#include "core/base/clock.h"
#include "core/base/euclidean_norm.h"
#include "core/base/status_macros.h"
#include "core/engine/engine.h"
#include "core/engine/state_update.h"
#include "core/sweep/cpu/cpu_sweeper.h"
#include "core/sweep/cuda/cuda_sweeper.h"
#include "core/sweep/softmax_stream.h"

namespace engram::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double kAlpha = 1.5;
constexpr int kSteps = 5;
// Banks whose patterns take no more are measured once more without the patterns on the device.
constexpr int64_t kMostHostPatternBytes = int64_t{4} << 30;
// Batches of the retrievals.
constexpr int64_t kManyQueries = 64;
// Softmax by one read of the patterns for each state: of banks and batches for which that takes no minutes.
constexpr int64_t kMostStreamedPatterns = 1'000'000;
constexpr int64_t kMostStreamedStates = 64;

Dynamics SharpEntmax() {
  Dynamics dynamics;
  dynamics.beta = kSharpBeta;
  dynamics.transform = *Entmax::Make(kAlpha);
  return dynamics;
}

// What nobody uses of this machine's memory.
int64_t FreeHostBytes() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  int64_t kibibytes = 0;
  for (std::string line; file >> key; std::getline(file, line)) {
    if (key == "MemAvailable:" && file >> kibibytes) return kibibytes * 1024;
  }
  return 0;
}

// Milliseconds, sorted when asked for.
class Times {
 public:
  void Add(absl::Time begin) { ms_.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin)); }
  Json ToJson() const {
    std::vector<double> sorted = ms_;
    std::sort(sorted.begin(), sorted.end());
    const auto quantile = [&](double q) {
      return sorted[static_cast<size_t>(q * static_cast<double>(sorted.size() - 1) + 0.5)];
    };
    return {{"p50", quantile(0.5)}, {"p90", quantile(0.9)}, {"all", ms_}};
  }
  double last() const { return ms_.back(); }

 private:
  std::vector<double> ms_;
};

// A backend over one of the banks.
struct Backend {
  std::unique_ptr<CudaSweeper> sweeper;
  std::unique_ptr<ResidentSegment> ballast;  // See MakeWithoutPatterns.
};

absl::StatusOr<Backend> MakeBackend(const GpuOptions& options, int64_t budget_bytes, ThreadPool* pool) {
  CudaOptions cuda;
  cuda.devices = {options.device};
  cuda.budget_bytes = budget_bytes;
  if (options.least_work >= 0) cuda.least_work = options.least_work;
  Backend backend;
  ENGRAM_ASSIGN_OR_RETURN(backend.sweeper, CudaSweeper::Make(cuda, pool, BestScreenKernels()));
  return backend;
}

// A backend that finds room for a bank's codes but not for its patterns, as on a device that is too small for
// them: a segment that is never used takes the half of its budget that patterns may take.
absl::StatusOr<Backend> MakeWithoutPatterns(Shape shape, const GpuOptions& options, ThreadPool* pool) {
  constexpr int64_t kMore = 64;
  const int64_t budget = std::max<int64_t>(4 * shape.patterns * (shape.dim + kMore), 16 << 20);
  ENGRAM_ASSIGN_OR_RETURN(Backend backend, MakeBackend(options, budget, pool));
  BankSettings settings;
  settings.dim = shape.dim;
  ENGRAM_ASSIGN_OR_RETURN(backend.ballast, backend.sweeper->residency()->Reserve(
                                               budget / 2 / (4 * shape.dim), settings, "patterns of others"));
  return backend;
}

class BankBench {
 public:
  BankBench(Shape shape, const GpuOptions& options, ThreadPool* pool)
      : shape_(shape), options_(options), pool_(pool), cpu_(pool), dynamics_(SharpEntmax()) {}

  absl::StatusOr<Json> Run() {
    ENGRAM_RETURN_IF_ERROR(Store());
    json_["updates"] = Json::array();
    for (const int64_t batch : options_.batches) {
      if (options_.is_late()) {
        json_["updates"].push_back({{"states", batch}, {"skipped", "no time left"}});
        continue;
      }
      ENGRAM_ASSIGN_OR_RETURN(Json updates, MeasureUpdates(batch));
      json_["updates"].push_back(std::move(updates));
    }
    json_["streams"] = Json::array();
    for (const int64_t batch : options_.batches) {
      if (batch > kMostStreamedStates || shape_.patterns > kMostStreamedPatterns) continue;
      if (options_.is_late()) break;
      ENGRAM_ASSIGN_OR_RETURN(Json streams, MeasureStreams(batch));
      json_["streams"].push_back(std::move(streams));
    }
    json_["retrievals"] = Json::array();
    for (const int64_t batch : {int64_t{1}, kManyQueries}) {
      if (options_.is_late()) break;
      ENGRAM_ASSIGN_OR_RETURN(Json retrievals, MeasureRetrievals(batch));
      json_["retrievals"].push_back(std::move(retrievals));
    }
    ReportMemory();
    for (const Backend& backend : backends_) {
      const std::string fault = backend.sweeper->devices()[0].fault;
      if (!fault.empty()) return absl::UnavailableError(fault);
    }
    return std::move(json_);
  }

 private:
  absl::Status Store() {
    ENGRAM_ASSIGN_OR_RETURN(backends_.emplace_back(), MakeBackend(options_, 0, pool_));
    if (shape_.patterns * shape_.dim * 4 <= kMostHostPatternBytes) {
      ENGRAM_ASSIGN_OR_RETURN(backends_.emplace_back(), MakeWithoutPatterns(shape_, options_, pool_));
    }
    std::vector<Residency*> residencies;
    residencies.reserve(backends_.size());
    for (const Backend& backend : backends_) residencies.push_back(backend.sweeper->residency());
    const int64_t most = *std::max_element(options_.batches.begin(), options_.batches.end());
    ENGRAM_ASSIGN_OR_RETURN(banks_,
                            ClusteredBanks::Make(shape_, most, options_.seed, std::move(residencies), pool_));
    json_ = {{"patterns", shape_.patterns},
             {"dim", shape_.dim},
             {"beta", dynamics_.beta},
             {"entmax_alpha", kAlpha},
             {"store_seconds", banks_->store_seconds()},
             {"banks_stored", backends_.size()}};
    return absl::OkStatus();
  }

  // The batch of round r; other cues in every round as long as there are some.
  std::vector<SweepState> StatesOf(const BankSnapshot& bank, int64_t batch, int64_t round) const {
    std::vector<SweepState> states;
    states.reserve(batch);
    for (int64_t b = 0; b < batch; ++b) {
      states.push_back({banks_->cue(round * batch + b),
                        Cut(dynamics_.transform, dynamics_.beta, bank.pattern_count()), bank.version()});
    }
    return states;
  }

  // Sweeps and projects. `sweep_times` may be null.
  absl::StatusOr<std::vector<StateUpdate>> Update(Sweeper* sweeper, const BankSnapshot& bank,
                                                  const std::vector<SweepState>& states, Times* sweep_times,
                                                  Times* times, int64_t* survivors) {
    std::vector<SweepResult> results(states.size());
    const absl::Time begin = absl::Now();
    ENGRAM_RETURN_IF_ERROR(sweeper->Sweep(bank, states, absl::MakeSpan(results)));
    if (sweep_times != nullptr) sweep_times->Add(begin);
    *survivors = 0;
    for (const SweepResult& result : results) *survivors += static_cast<int64_t>(result.survivors.size());
    std::vector<absl::StatusOr<StateUpdate>> updates(states.size());
    pool_->ParallelFor(static_cast<int64_t>(states.size()), [&](int64_t b) {
      updates[b] = ComputeStateUpdate(bank, dynamics_, &results[b].survivors);
    });
    times->Add(begin);
    std::vector<StateUpdate> good;
    for (absl::StatusOr<StateUpdate>& update : updates) {
      ENGRAM_ASSIGN_OR_RETURN(good.emplace_back(), std::move(update));
    }
    return good;
  }

  static bool AreSame(const StateUpdate& a, const StateUpdate& b) {
    const auto same = [](const Survivor& x, const Survivor& y) { return x.id == y.id && x.score == y.score; };
    return a.next == b.next && a.weights == b.weights &&
           std::equal(a.support.begin(), a.support.end(), b.support.begin(), b.support.end(), same);
  }

  // Answers that differ in a byte from those of the CPU backend. All states of the batch are swept together.
  absl::StatusOr<Json> Compare(int64_t batch) {
    const int64_t checked = std::min(batch, options_.checked);
    std::vector<SweepState> states = StatesOf(banks_->bank(0), batch, 0);
    states.erase(states.begin() + checked, states.end());
    Times times;
    Times cpu_times;
    int64_t survivors = 0;
    int64_t differing = 0;
    ENGRAM_ASSIGN_OR_RETURN(const std::vector<StateUpdate> right,
                            Update(&cpu_, banks_->bank(0), states, nullptr, &cpu_times, &survivors));
    for (size_t i = 0; i < backends_.size(); ++i) {
      const BankSnapshot bank = banks_->bank(i);
      ENGRAM_ASSIGN_OR_RETURN(
          const std::vector<StateUpdate> updates,
          Update(backends_[i].sweeper.get(), bank, StatesOf(bank, batch, 0), nullptr, &times, &survivors));
      for (size_t b = 0; b < right.size(); ++b) differing += AreSame(updates[b], right[b]) ? 0 : 1;
    }
    return Json{{"checked", checked * static_cast<int64_t>(backends_.size())},
                {"differing", differing},
                {"cpu_states", checked},
                {"cpu_milliseconds", cpu_times.last()}};
  }

  absl::StatusOr<Json> MeasureUpdates(int64_t batch) {
    ENGRAM_ASSIGN_OR_RETURN(Json compared, Compare(batch));
    std::vector<Times> sweep_times(backends_.size());
    std::vector<Times> times(backends_.size());
    int64_t survivors = 0;
    const int64_t before = backends_[0].sweeper->devices()[0].states;
    int64_t served = 0;
    for (int64_t round = 0; round <= options_.rounds; ++round) {
      for (size_t i = 0; i < backends_.size(); ++i) {
        const BankSnapshot bank = banks_->bank(i);
        Times warm_up;  // The first round is not counted.
        const bool counts = round > 0;
        ENGRAM_RETURN_IF_ERROR(Update(backends_[i].sweeper.get(), bank, StatesOf(bank, batch, round),
                                      counts ? &sweep_times[i] : &warm_up, counts ? &times[i] : &warm_up,
                                      &survivors)
                                   .status());
      }
      served += batch;
    }
    Json json = {{"states", batch},
                 {"survivors_of_a_state", static_cast<double>(survivors) / static_cast<double>(batch)},
                 {"on_device", backends_[0].sweeper->devices()[0].states - before == served},
                 {"sweep_milliseconds", sweep_times[0].ToJson()},
                 {"milliseconds", times[0].ToJson()},
                 {"against_cpu", std::move(compared)}};
    if (backends_.size() > 1) json["patterns_on_host_milliseconds"] = times[1].ToJson();
    return json;
  }

  // The batch of round r, to be streamed.
  std::vector<StreamState> StreamsOf(const BankSnapshot& bank, int64_t batch, int64_t round) const {
    const double window = Softmax().WindowFor(bank.pattern_count()).width;
    std::vector<StreamState> states;
    states.reserve(batch);
    for (int64_t b = 0; b < batch; ++b) {
      StreamState state;
      state.state = banks_->cue(round * batch + b);
      state.beta = dynamics_.beta;
      state.window = window;
      state.version = bank.version();
      states.push_back(state);
    }
    return states;
  }

  static absl::StatusOr<std::vector<StreamedSoftmax>> Stream(Sweeper* sweeper, const BankSnapshot& bank,
                                                             const std::vector<StreamState>& states,
                                                             Times* times) {
    std::vector<StreamedSoftmax> updates(states.size());
    const absl::Time begin = absl::Now();
    ENGRAM_RETURN_IF_ERROR(sweeper->StreamSoftmax(bank, states, absl::MakeSpan(updates)));
    times->Add(begin);
    return updates;
  }

  // Answers that lie further from those of the CPU backend than both may lie from the exact ones.
  absl::StatusOr<Json> CompareStreams(int64_t batch) {
    const BankSnapshot bank = banks_->bank(0);
    std::vector<StreamState> states = StreamsOf(bank, batch, 0);
    Times times;
    ENGRAM_ASSIGN_OR_RETURN(const std::vector<StreamedSoftmax> updates,
                            Stream(backends_[0].sweeper.get(), bank, states, &times));
    states.resize(std::min(batch, options_.checked));
    ENGRAM_ASSIGN_OR_RETURN(const std::vector<StreamedSoftmax> right, Stream(&cpu_, bank, states, &times));
    int64_t differing = 0;
    double largest_difference = 0;
    double largest_bound = 0;
    for (size_t b = 0; b < right.size(); ++b) {
      std::vector<double> difference = updates[b].combination;
      for (size_t j = 0; j < difference.size(); ++j) difference[j] -= right[b].combination[j];
      const double distance = EuclideanNorm(difference);
      const double bound = updates[b].error_bound + right[b].error_bound;
      // So that what is no number differs.
      differing += distance <= bound ? 0 : 1;
      largest_difference = std::max(largest_difference, distance);
      largest_bound = std::max(largest_bound, bound);
    }
    return Json{{"checked", right.size()},
                {"differing", differing},
                {"largest_difference", largest_difference},
                {"largest_bound", largest_bound},
                {"cpu_states", right.size()},
                {"cpu_milliseconds", times.last()}};
  }

  // Softmax updates of arithmetic FAST: float32, and one read of the patterns for each state.
  absl::StatusOr<Json> MeasureStreams(int64_t batch) {
    ENGRAM_ASSIGN_OR_RETURN(Json compared, CompareStreams(batch));
    Sweeper* const sweeper = backends_[0].sweeper.get();
    const BankSnapshot bank = banks_->bank(0);
    const int64_t before = sweeper->devices()[0].sweeps;
    Times warm_up;  // The first round is not counted.
    Times times;
    for (int64_t round = 0; round <= options_.rounds; ++round) {
      ENGRAM_RETURN_IF_ERROR(
          Stream(sweeper, bank, StreamsOf(bank, batch, round), round > 0 ? &times : &warm_up).status());
    }
    return Json{{"states", batch},
                {"on_device", sweeper->devices()[0].sweeps - before > options_.rounds},
                {"milliseconds", times.ToJson()},
                {"against_cpu", std::move(compared)}};
  }

  // A call of `batch` queries that ends after `steps` updates.
  absl::StatusOr<int> Retrieve(Engine* engine, int64_t batch, int64_t round, int steps, Times* times) {
    RetrieveCall call;
    call.dynamics = dynamics_;
    call.dynamics.max_iterations = steps;
    call.dynamics.tolerance = 0;  // Or queries would stop where they do not move any more.
    call.with_energy = false;
    for (int64_t b = 0; b < batch; ++b) {
      const absl::Span<const double> cue = banks_->cue(round * batch + b);
      call.states.insert(call.states.end(), cue.begin(), cue.end());
    }
    std::promise<absl::StatusOr<int>> answer;
    const absl::Time begin = absl::Now();
    ENGRAM_RETURN_IF_ERROR(engine->Retrieve(
        banks_->bank(0), std::move(call), [&answer](const absl::StatusOr<RetrieveResult>& result) {
          answer.set_value(result.ok() ? absl::StatusOr<int>(result->retrievals[0].sweeps) : result.status());
        }));
    absl::StatusOr<int> sweeps = answer.get_future().get();
    times->Add(begin);
    return sweeps;
  }

  absl::StatusOr<Json> MeasureRetrievals(int64_t batch) {
    const SystemClock clock;
    Engine engine({}, backends_[0].sweeper.get(), pool_, &clock);
    Times one;
    Times several;
    int sweeps = 0;
    for (int64_t round = 0; round <= options_.rounds; ++round) {
      Times warm_up;
      ENGRAM_RETURN_IF_ERROR(Retrieve(&engine, batch, round, 1, round > 0 ? &one : &warm_up).status());
      ENGRAM_ASSIGN_OR_RETURN(sweeps,
                              Retrieve(&engine, batch, round, kSteps, round > 0 ? &several : &warm_up));
    }
    return Json{{"queries", batch},
                {"one_step_milliseconds", one.ToJson()},
                {"steps", kSteps},
                {"sweeps", sweeps},
                {"all_steps_milliseconds", several.ToJson()}};
  }

  void ReportMemory() {
    const DeviceStatus status = backends_[0].sweeper->devices()[0];
    json_["device_bytes"] = status.used_bytes;
    if (backends_.size() > 1) {
      json_["device_bytes_without_patterns"] =
          backends_[1].sweeper->devices()[0].used_bytes - backends_[1].ballast->bytes();
    }
    size_t free_bytes = 0;
    size_t memory_bytes = 0;
    if (cudaMemGetInfo(&free_bytes, &memory_bytes) == cudaSuccess) {
      json_["device_bytes_of_all"] = memory_bytes - free_bytes;
    }
    const absl::StatusOr<ProcessMemory> memory = ReadProcessMemory(static_cast<int>(getpid()));
    if (memory.ok()) json_["host_bytes"] = memory->resident_bytes;
  }

  const Shape shape_;
  const GpuOptions& options_;
  ThreadPool* const pool_;
  CpuSweeper cpu_;
  const Dynamics dynamics_;
  std::vector<Backend> backends_;
  std::unique_ptr<ClusteredBanks> banks_;  // After the backends, which they lie on.
  Json json_;
};

}  // namespace

absl::StatusOr<nlohmann::ordered_json> MeasureBank(Shape shape, const GpuOptions& options, ThreadPool* pool) {
  const bool twice = shape.patterns * shape.dim * 4 <= kMostHostPatternBytes;
  const int64_t needed = ClusteredBanks::HostBytes(shape) * (twice ? 2 : 1);
  const int64_t room = options.host_bytes > 0 ? options.host_bytes : FreeHostBytes();
  std::string why;
  if (options.is_late()) {
    why = "no time left";
  } else if (needed > room) {
    why = absl::StrCat("needs ", needed, " bytes of the host, ", room, " are free");
  } else {
    absl::StatusOr<Json> json = BankBench(shape, options, pool).Run();
    if (!absl::IsResourceExhausted(json.status())) return json;
    why = std::string(json.status().message());
  }
  return Json{{"patterns", shape.patterns}, {"dim", shape.dim}, {"skipped", why}};
}

}  // namespace engram::bench
