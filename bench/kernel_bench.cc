// engram_kernel_bench: the inner loops of screening, for every instruction set of this processor, beside a
// loop that only reads.
//
// Arguments: dim, states, and where the rows are: "memory" reads more than the last-level cache holds,
// "cache" 1 MiB again and again. GB/s are of rows read once for all states; Gop/s count a multiplication and
// an addition for each column, row and plane of a state.

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/sweep/cpu/screen_kernels.h"

namespace engram::bench {
namespace {

constexpr int64_t kMemoryBytes = int64_t{1} << 30;
constexpr int64_t kCacheBytes = int64_t{1} << 20;
// Of huge pages, and so of cache lines.
constexpr int64_t kAlignment = int64_t{2} << 20;
constexpr int64_t kReadAhead = 2048;  // Vectors: 32 KiB.
constexpr int64_t kTileRows = 16;

// Random bytes that are codes (none is 0) and small floats (from 2^-15 to 2) at once.
const uint32_t* Memory() {
  static const uint32_t* memory = [] {
    auto* words = static_cast<uint32_t*>(std::aligned_alloc(kAlignment, kMemoryBytes));
    uint32_t random = 1;
    for (int64_t i = 0; i < kMemoryBytes / 4; ++i) {
      random = random * 1664525 + 1013904223;
      words[i] = (random & 0xbfffffff) | 0x38010101;
    }
    return words;
  }();
  return memory;
}

void SetRates(benchmark::State& state, int64_t row_bytes, int64_t operations) {
  using benchmark::Counter;
  const auto runs = static_cast<double>(state.iterations());
  state.counters["bytes"] = Counter(runs * static_cast<double>(row_bytes), Counter::kIsRate);
  if (operations > 0) {
    state.counters["ops"] = Counter(runs * static_cast<double>(operations), Counter::kIsRate);
  }
}

// What this processor reads at best.
uint64_t Sum(const uint64_t* words, int64_t count) {
  typedef uint64_t Pair __attribute__((vector_size(16)));
  const auto* pairs = reinterpret_cast<const Pair*>(words);
  Pair a = {};
  Pair b = {};
  Pair c = {};
  Pair d = {};
  for (int64_t i = 0; i + 4 <= count / 2; i += 4) {
    __builtin_prefetch(pairs + i + kReadAhead, 0, 2);
    a ^= pairs[i];
    b ^= pairs[i + 1];
    c ^= pairs[i + 2];
    d ^= pairs[i + 3];
  }
  a ^= b ^ c ^ d;
  return a[0] ^ a[1];
}

void RunRead(benchmark::State& state, int64_t bytes) {
  const auto* words = reinterpret_cast<const uint64_t*>(Memory());
  for (auto _ : state) benchmark::DoNotOptimize(Sum(words, bytes / 8));
  SetRates(state, bytes, 0);
}

void RunEstimate(benchmark::State& state, const ScreenKernels& kernels, int64_t bytes, int planes) {
  const int64_t dim = state.range(0);
  const int64_t batch = state.range(1);
  const int64_t units = (dim + 3) / 4;
  const int64_t tiles = bytes / (units * 64);
  const int64_t call = std::max<int64_t>(4, kScreenCallBytes / (units * 64) / 4 * 4);
  const std::vector<float> scales(call * kTileRows, 1.0F);
  const std::vector<int8_t> query(batch * planes * units * 4, 3);
  const std::vector<int32_t> sums(batch * planes, static_cast<int32_t>(3 * dim));
  const std::vector<float> state_scales(batch, 1.0F);
  const StatePlanes states = {query.data(), sums.data(), state_scales.data(), batch, planes};
  std::vector<float> estimates(batch * call * kTileRows);
  const auto* codes = reinterpret_cast<const uint8_t*>(Memory());
  for (auto _ : state) {
    for (int64_t tile = 0; tile < tiles; tile += call) {
      kernels.estimate({codes + tile * units * 64, scales.data(), std::min(call, tiles - tile), units},
                       states, estimates.data());
    }
    benchmark::ClobberMemory();
  }
  SetRates(state, tiles * units * 64, 2 * tiles * kTileRows * dim * batch * planes);
}

void RunScore(benchmark::State& state, const ScreenKernels& kernels, int64_t bytes) {
  const int64_t dim = state.range(0);
  const int64_t batch = state.range(1);
  const int64_t rows = bytes / (dim * 4);
  const int64_t call = std::max<int64_t>(16, kScreenCallBytes / (dim * 4) / 16 * 16);
  const std::vector<float> states(batch * dim, 1.0F);
  std::vector<float> scores(batch * call);
  const auto* patterns = reinterpret_cast<const float*>(Memory());
  for (auto _ : state) {
    for (int64_t row = 0; row < rows; row += call) {
      kernels.score(patterns + row * dim, std::min(call, rows - row), dim, states.data(), batch,
                    scores.data());
    }
    benchmark::ClobberMemory();
  }
  SetRates(state, rows * dim * 4, 2 * rows * dim * batch);
}

void RunSummarize(benchmark::State& state, const ScreenKernels& kernels) {
  constexpr int64_t kTiles = 64;
  const std::vector<float> rows(kTiles * kTileRows, 0.5F);
  const std::vector<uint16_t> visible(kTiles, 0xfff7);
  std::vector<float> bounds(kTiles);
  for (auto _ : state) {
    kernels.summarize(rows.data(), rows.data(), rows.data(), {0.1F, 0.1F, 0.1F}, visible.data(), kTiles,
                      bounds.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * kTiles);
}

void Shape(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"dim", "states"})->Unit(benchmark::kMillisecond);
  for (const int64_t dim : {128, 768}) {
    for (const int64_t states : {1, 8, 64}) bench->Args({dim, states});
  }
}

// The benchmarks iterate over the list, so they are registered when the program starts.
const bool kRegistered = [] {
  for (const bool cached : {false, true}) {
    const int64_t bytes = cached ? kCacheBytes : kMemoryBytes;
    const char* place = cached ? "cache" : "memory";
    benchmark::RegisterBenchmark(absl::StrCat("Read/", place).c_str(), RunRead, bytes)
        ->Unit(benchmark::kMillisecond);
    for (const ScreenKernels& kernels : AllScreenKernels()) {
      if (!kernels.supported()) continue;
      const auto name = [&](absl::string_view loop) {
        return absl::StrCat(loop, "/", kernels.name, "/", place);
      };
      for (const int planes : {1, 2}) {
        const std::string estimate = name(absl::StrCat("Estimate", planes));
        Shape(benchmark::RegisterBenchmark(estimate.c_str(), RunEstimate, kernels, bytes, planes));
      }
      Shape(benchmark::RegisterBenchmark(name("Score").c_str(), RunScore, kernels, bytes));
      if (cached) benchmark::RegisterBenchmark(name("Summarize").c_str(), RunSummarize, kernels);
    }
  }
  return true;
}();

}  // namespace
}  // namespace engram::bench
