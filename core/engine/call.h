#ifndef ENGRAM_CORE_ENGINE_CALL_H_
#define ENGRAM_CORE_ENGINE_CALL_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/bank/bank_snapshot.h"
#include "core/engine/energy.h"
#include "core/engine/stop_rule.h"
#include "core/engine/trajectory_memory.h"
#include "core/sweep/sweeper.h"
#include "core/transform/dynamics.h"

namespace engram {

// Set by a caller who no longer wants the answer. Thread-safe.
class Cancellation {
 public:
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

 private:
  std::atomic<bool> cancelled_{false};
};

// What every call to the engine has. Shapes: B queries, D dimensions.
struct Call {
  Dynamics dynamics;
  // The queries or states [B, D], row-major, finite.
  std::vector<double> states;
  // The call fails with DEADLINE_EXCEEDED after it.
  absl::Time deadline = absl::InfiniteFuture();
  // May be null: the call cannot be cancelled.
  std::shared_ptr<const Cancellation> cancellation;
};

// What a call fails with that its caller gave up, or that its deadline ended.
absl::Status CallCancelled();
absl::Status CallExpired();

// An error of query b of a call, with its number in text and details.
absl::Status AtQuery(int64_t b, const absl::Status& status);

// What one query recalled.
struct Retrieval {
  std::vector<double> state;  // [D]
  std::vector<double> value;  // [V]
  // Rows with weight in the last update and their weights, by descending weight, then ascending id; at
  // most the call's max_support.
  std::vector<Survivor> support;
  std::vector<double> weights;
  int64_t support_size = 0;  // Number of rows with weight, those left out included.
  double total_weight = 0;
  int iterations = 0;
  int sweeps = 0;
  StopReason stop_reason = StopReason::kLimit;
  double residual = 0;  // Largest absolute change of a component in the last update.
  std::optional<double> energy_before;
  std::optional<double> energy_after;
  // It stopped at a fixed point, and the state is a stored pattern, the one of largest weight, or the sum of
  // the k patterns of largest weight where the weights sum to k. Judged by the state: copies share their
  // weight.
  bool exact = false;
  // Set if exact and the transformation has a margin: by how much the scores of those patterns lead all
  // others (+infinity: there are none), and the lead that an exact fixed point needs, margin / beta.
  std::optional<double> separation;
  double required_separation = 0;
  // Set where weights are found by iteration; see Projection.
  std::optional<double> duality_gap;
  // Set if the updates were streamed: a bound in Euclidean norm of the distance between `state`, rounded to
  // float32 or not, and the exact update of the state before it. `exact` is then false.
  std::optional<double> error_bound;
};

struct RetrieveCall : Call {
  // Whether to compute energies: one more sweep unless the retrieval ends at a fixed point.
  bool with_energy = true;
  // Largest number of support entries in each answer.
  int64_t max_support = 100;
  // Whether softmax updates are streamed in float32. Other transformations are computed exactly all the same.
  bool fast = false;
};

struct DifferentiateCall : Call {
  // Cotangents of the final states [B, D] and of the values [B, V], row-major; without values: empty.
  std::vector<double> state_cotangents;
  std::vector<double> value_cotangents;
  // Pays for the trajectories. Set by the engine.
  TrajectoryMemory* trajectory_memory = nullptr;
};

// The vector-Jacobian product of one retrieval: gradients of <state cotangent, q_n> + <value cotangent,
// value>.
struct RetrievalGradient {
  std::vector<double> query;  // [D]
  double beta = 0;
  // The patterns with a gradient, by ascending id: their rows, gradients [s, D] and those of their values
  // [s, V], row-major.
  std::vector<uint64_t> ids;
  std::vector<double> patterns;
  std::vector<double> values;
};

// Patterns [begin, end) of a bank in id order.
struct SeparateCall {
  int64_t begin = 0;
  int64_t end = 0;
  absl::Time deadline = absl::InfiniteFuture();
  std::shared_ptr<const Cancellation> cancellation;
};

// How far one pattern x_i stands out: Delta_i = x_i.x_i - max_j x_i.x_j over all others.
struct PatternSeparation {
  uint64_t id = 0;
  uint64_t other_id = 0;  // The pattern j, the one of lowest id where several are best.
  double separation = 0;  // Delta_i; +infinity: there is no other.
  bool is_copy = false;   // Delta_i is 0 because another pattern equals x_i.
};

// Answers to the queries of a call, in order, and the version they were answered from.
struct RetrieveResult {
  BankSnapshot bank;
  std::vector<Retrieval> retrievals;
};
struct EnergyResult {
  BankSnapshot bank;
  std::vector<StateEnergy> energies;
};
struct DifferentiateResult {
  BankSnapshot bank;
  std::vector<RetrievalGradient> gradients;
};
struct SeparateResult {
  BankSnapshot bank;
  std::vector<PatternSeparation> separations;
};

// Called exactly once, on a thread of the engine or of a caller, who may be the one that asked; must not
// block.
template <typename Result>
using Done = std::function<void(absl::StatusOr<Result>)>;
using RetrieveDone = Done<RetrieveResult>;
using EnergyDone = Done<EnergyResult>;
using DifferentiateDone = Done<DifferentiateResult>;
using SeparateDone = Done<SeparateResult>;

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_CALL_H_
