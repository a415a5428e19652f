// An update of a state is the same, bit for bit, over the CPU backend with every instruction set, with and
// without codes, by a sweep of one or of several states and from the near misses of an earlier sweep, as over
// the reference.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "core/engine/state_update.h"
#include "core/sweep/cpu/cpu_sweeper.h"
#include "core/sweep/reference_sweeper.h"
#include "tests/core/bank/test_bank.h"
#include "tests/fuzz/fuzz_bytes.h"
#include "tests/fuzz/fuzz_patterns.h"

namespace engram::fuzz {
namespace {

constexpr int64_t kBudgetBytes = int64_t{1} << 30;

// What a bank holds and what it is asked.
struct Problem {
  std::vector<std::vector<float>> stores;
  std::vector<uint64_t> deleted;
  Dynamics dynamics;
  struct Query {
    std::vector<double> state;
    std::vector<double> next;
    bool is_old = false;  // Looks at the version before the deletions.
  };
  std::vector<Query> queries;
  int64_t dim = 0;
};

Transform MakeTransform(FuzzBytes* bytes, int64_t least_count) {
  static constexpr double kShapes[] = {1.001, 1.25, 1.5, 2, 3, 8, 50};
  const double shape = kShapes[bytes->Below(std::size(kShapes))];
  switch (bytes->Byte() % 5) {
    case 0:
      return Softmax();
    case 1:
      return *Normmax::Make(shape);
    case 2:
      return *KSubsets::Make(1 + bytes->Below(least_count));
    case 3:
      return Polynomial::Make(3, false).value();
    default:
      return *Entmax::Make(shape);
  }
}

Problem MakeProblem(FuzzBytes* bytes) {
  Problem problem;
  FuzzPatterns patterns(bytes);
  problem.dim = patterns.dim();
  // Several stores make several segments, whose last tiles may be open.
  const int64_t per_store = std::max<int64_t>(1, patterns.count() / (1 + bytes->Byte() % 4));
  for (int64_t i = 0; i < patterns.count(); i += per_store) {
    const auto begin = patterns.rows().begin() + i * patterns.dim();
    problem.stores.emplace_back(begin, begin + std::min(per_store, patterns.count() - i) * patterns.dim());
  }
  const int64_t deleted = bytes->Below(1 + patterns.count() / 4);
  const int64_t first = bytes->Below(patterns.count() - deleted);
  for (int64_t i = 0; i < deleted; ++i) problem.deleted.push_back(first + i);

  problem.dynamics.transform = MakeTransform(bytes, patterns.count() - deleted);
  problem.dynamics.beta = std::ldexp(1 + 0.5 * bytes->Small(), bytes->Byte() % 160 - 80);
  const int batch = 1 + bytes->Byte() % 7;
  for (int b = 0; b < batch; ++b) {
    std::vector<double> state = patterns.State();
    std::vector<double> next = patterns.Near(state);
    problem.queries.push_back({std::move(state), std::move(next), bytes->Byte() % 4 == 0});
  }
  return problem;
}

// The bank of a problem, before and after its deletions.
struct Versions {
  Versions(const Problem& problem, Screening screening)
      : bank(problem.dim, 0, 0, kBudgetBytes, screening), old(bank->Pin()), current(bank->Pin()) {
    for (const std::vector<float>& rows : problem.stores) {
      if (!bank.Store(rows).ok()) std::abort();
    }
    old = bank->Pin();
    if (!problem.deleted.empty() && !bank->Delete(problem.deleted, false).ok()) std::abort();
    current = bank->Pin();
    if (old.layout_id() != current.layout_id()) std::abort();
  }
  const BankSnapshot& Of(const Problem::Query& query) const { return query.is_old ? old : current; }
  SweepState StateOf(const Problem& problem, const Problem::Query& query,
                     const std::vector<double>& state) const {
    const BankSnapshot& bank = Of(query);
    return {state, Cut(problem.dynamics.transform, problem.dynamics.beta, bank.pattern_count()),
            bank.version()};
  }

  TestBank bank;
  BankSnapshot old;
  BankSnapshot current;
};

// Everything that an update says, in bytes.
std::vector<double> UpdateOf(const BankSnapshot& bank, const Dynamics& dynamics, SurvivorList survivors) {
  const absl::StatusOr<StateUpdate> update = ComputeStateUpdate(bank, dynamics, &survivors);
  if (!update.ok()) return {};
  std::vector<double> all = {update->total_weight, update->scaled_conjugate, update->duality_gap,
                             update->lead};
  for (const Survivor& survivor : update->support) {
    all.push_back(static_cast<double>(survivor.id));
    all.push_back(survivor.score);
  }
  all.insert(all.end(), update->weights.begin(), update->weights.end());
  all.insert(all.end(), update->next.begin(), update->next.end());
  return all;
}

void ExpectSame(const std::vector<double>& got, const std::vector<double>& expected, const char* what,
                const ScreenKernels& kernels, Screening screening) {
  const auto same_bits = [](double a, double b) { return std::memcmp(&a, &b, sizeof(a)) == 0; };
  if (std::equal(got.begin(), got.end(), expected.begin(), expected.end(), same_bits)) return;
  std::fprintf(stderr, "%s with %s, %s, differs from reference\n", what, kernels.name,
               screening == Screening::kInt8 ? "codes" : "no codes");
  std::abort();
}

struct Expected {
  std::vector<double> first;
  std::vector<double> next;
};

std::vector<Expected> ReferenceUpdates(const Problem& problem) {
  const Versions versions(problem, Screening::kNone);
  ReferenceSweeper reference;
  std::vector<Expected> expected;
  for (const Problem::Query& query : problem.queries) {
    const SweepState states[] = {versions.StateOf(problem, query, query.state),
                                 versions.StateOf(problem, query, query.next)};
    SweepResult results[2];
    if (!reference.Sweep(versions.current, states, results).ok()) std::abort();
    const BankSnapshot& bank = versions.Of(query);
    expected.push_back({UpdateOf(bank, problem.dynamics, std::move(results[0].survivors)),
                        UpdateOf(bank, problem.dynamics, std::move(results[1].survivors))});
  }
  return expected;
}

void CheckKernels(const Problem& problem, const Versions& versions, const ScreenKernels& kernels,
                  Screening screening, const std::vector<Expected>& expected) {
  static ThreadPool& pool = *new ThreadPool(1);
  CpuSweeper cpu(&pool, kernels);
  std::vector<SweepState> states;
  for (const Problem::Query& query : problem.queries) {
    states.push_back(versions.StateOf(problem, query, query.state));
  }
  std::vector<SweepResult> results(states.size());
  if (!cpu.Sweep(versions.current, states, absl::MakeSpan(results)).ok()) std::abort();
  for (size_t b = 0; b < states.size(); ++b) {
    const Problem::Query& query = problem.queries[b];
    const BankSnapshot& bank = versions.Of(query);
    ExpectSame(UpdateOf(bank, problem.dynamics, results[b].survivors), expected[b].first, "a sweep", kernels,
               screening);
    if (results[b].near_misses == nullptr) continue;
    SurvivorList survivors = std::move(results[b].survivors);
    if (!results[b].near_misses->Serve(versions.StateOf(problem, query, query.next), &survivors)) continue;
    ExpectSame(UpdateOf(bank, problem.dynamics, survivors), expected[b].next, "a near miss", kernels,
               screening);
    // And back, from what a near miss left.
    if (!results[b].near_misses->Serve(states[b], &survivors)) continue;
    ExpectSame(UpdateOf(bank, problem.dynamics, std::move(survivors)), expected[b].first,
               "a second near miss", kernels, screening);
  }
}

}  // namespace
}  // namespace engram::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using engram::Screening;
  engram::fuzz::FuzzBytes bytes(data, size);
  const engram::fuzz::Problem problem = engram::fuzz::MakeProblem(&bytes);
  const auto expected = engram::fuzz::ReferenceUpdates(problem);
  for (const Screening screening : {Screening::kInt8, Screening::kNone}) {
    const engram::fuzz::Versions versions(problem, screening);
    for (const engram::ScreenKernels& kernels : engram::AllScreenKernels()) {
      if (!kernels.supported()) continue;
      engram::fuzz::CheckKernels(problem, versions, kernels, screening, expected);
    }
  }
  return 0;
}
