// engram_sweep_bench: one update of B states over N patterns, as the engine computes it over each backend and
// as plain Eigen does.
//
// Arguments: N patterns, D dimensions, B states, threads. Bytes per second are those of the patterns, counted
// once for each update however many states it serves.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "bench/cluster_data.h"
#include "bench/peers/native_baseline.h"
#include "core/bank/memory_bank.h"
#include "core/base/thread_pool.h"
#include "core/engine/state_update.h"
#include "core/storage/journal.h"
#include "core/sweep/cpu/cpu_sweeper.h"
#include "core/sweep/reference_sweeper.h"

namespace engram::bench {
namespace {

constexpr int64_t kMaxStates = 64;
constexpr uint64_t kSeed = 1;

// Sparsemax at which a cue recalls one pattern: few rows survive.
Dynamics SharpSparsemax() {
  Dynamics dynamics;
  dynamics.beta = kSharpBeta;
  dynamics.transform = *Entmax::Make(2);
  return dynamics;
}

// A bank, the same patterns as one matrix, and states.
class Fixture {
 public:
  Fixture(int64_t pattern_count, int64_t dim)
      : data_(MakeClusterData(pattern_count, kMaxStates, dim, kSeed)),
        states_(data_.cues.begin(), data_.cues.end()) {
    BankSettings settings;
    settings.name = "bench";
    settings.dim = dim;
    bank_ = *MemoryBank::Make(1, std::move(settings), &budget_, &journal_);
    std::vector<uint64_t> ids(pattern_count);
    std::iota(ids.begin(), ids.end(), uint64_t{0});
    const MatrixView<const float> patterns(data_.patterns.data(), pattern_count, dim);
    if (!bank_->Store({ids, patterns, {}, {}}).ok()) std::abort();
  }

  // The fixture of a shape, made when it is first asked for.
  static const Fixture& For(const benchmark::State& state) {
    static auto* const fixtures = new std::map<std::pair<int64_t, int64_t>, std::unique_ptr<Fixture>>();
    std::unique_ptr<Fixture>& fixture = (*fixtures)[{state.range(0), state.range(1)}];
    if (fixture == nullptr) fixture = std::make_unique<Fixture>(state.range(0), state.range(1));
    return *fixture;
  }

  BankSnapshot bank() const { return bank_->Pin(); }
  const std::vector<float>& patterns() const { return data_.patterns; }
  const std::vector<float>& cues() const { return data_.cues; }
  // The cues in double, one for each of the first B states.
  std::vector<SweepState> SweepStates(int64_t count, const Dynamics& dynamics) const {
    const BankSnapshot snapshot = bank();
    const auto dim = static_cast<size_t>(snapshot.settings().dim);
    std::vector<SweepState> states;
    for (int64_t b = 0; b < count; ++b) {
      states.push_back({absl::MakeConstSpan(states_).subspan(b * dim, dim),
                        Cut(dynamics.transform, dynamics.beta, snapshot.pattern_count()),
                        snapshot.version()});
    }
    return states;
  }

 private:
  MemoryBudget budget_{int64_t{1} << 40};
  VolatileJournal journal_;
  const ClusterData data_;
  const std::vector<double> states_;
  std::shared_ptr<MemoryBank> bank_;
};

void SetCounters(benchmark::State& state) {
  state.SetBytesProcessed(state.iterations() * state.range(0) * state.range(1) *
                          static_cast<int64_t>(sizeof(float)));
  state.counters["states_per_second"] = benchmark::Counter(
      static_cast<double>(state.iterations() * state.range(2)), benchmark::Counter::kIsRate);
}

// Sweeps, projects and combines, as the engine does.
void Update(benchmark::State& state, Sweeper* sweeper, ThreadPool* pool) {
  const Fixture& fixture = Fixture::For(state);
  const BankSnapshot bank = fixture.bank();
  const Dynamics dynamics = SharpSparsemax();
  const std::vector<SweepState> states = fixture.SweepStates(state.range(2), dynamics);
  size_t survivor_count = 0;
  for (auto _ : state) {
    std::vector<SweepResult> results(states.size());
    if (!sweeper->Sweep(bank, states, absl::MakeSpan(results)).ok()) state.SkipWithError("sweep failed");
    survivor_count = results.front().survivors.size();
    pool->ParallelFor(static_cast<int64_t>(states.size()), [&](int64_t b) {
      benchmark::DoNotOptimize(ComputeStateUpdate(bank, dynamics, &results[b].survivors));
    });
  }
  SetCounters(state);
  state.counters["survivors"] = static_cast<double>(survivor_count);
}

void UpdateCpu(benchmark::State& state) {
  ThreadPool pool(static_cast<int>(state.range(3)) - 1);  // The caller is one of the threads.
  CpuSweeper sweeper(&pool);
  Update(state, &sweeper, &pool);
}

void UpdateReference(benchmark::State& state) {
  ThreadPool pool(0);
  ReferenceSweeper sweeper;
  Update(state, &sweeper, &pool);
}

// What one would write without a service, on one thread. It computes what sparsemax defines, within float32's
// rounding.
void UpdatePlainEigen(benchmark::State& state) {
  const Fixture& fixture = Fixture::For(state);
  std::vector<float> next(state.range(2) * state.range(1));
  for (auto _ : state) {
    UpdateByPlainEigen(fixture.patterns().data(), state.range(0), state.range(1), fixture.cues().data(),
                       state.range(2), static_cast<float>(kSharpBeta), next.data());
    benchmark::ClobberMemory();
  }
  SetCounters(state);
}

void Configure(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"N", "D", "B", "threads"})->Unit(benchmark::kMillisecond)->UseRealTime();
}

BENCHMARK(UpdateCpu)->Apply(Configure)->ArgsProduct({{10'000, 100'000}, {128, 768}, {1, 8, 64}, {1, 2}});
BENCHMARK(UpdatePlainEigen)->Apply(Configure)->ArgsProduct({{10'000, 100'000}, {128, 768}, {1, 8, 64}, {1}});
BENCHMARK(UpdateReference)->Apply(Configure)->ArgsProduct({{10'000}, {128, 768}, {1, 8, 64}, {1}});

}  // namespace
}  // namespace engram::bench
