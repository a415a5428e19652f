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
#include "core/engine/state_update.h"
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

// Why a retrieval stopped.
enum class StopReason {
  kFixedPoint,  // An update returned the same state.
  kTolerance,   // An update moved no component by more than the tolerance.
  kLimit,       // The iteration limit was reached.
};

// What one query recalled.
struct Retrieval {
  std::vector<double> state;  // [D]
  std::vector<double> value;  // [V]
  // Rows with weight > 0 in the last update and their weights, by descending weight, then ascending id; at
  // most the call's max_support.
  std::vector<Survivor> support;
  std::vector<double> weights;
  int64_t support_size = 0;  // Number of rows with weight > 0, those left out included.
  int iterations = 0;
  int sweeps = 0;
  StopReason stop_reason = StopReason::kLimit;
  double residual = 0;  // Largest absolute change of a component in the last update.
  std::optional<double> energy_before;
  std::optional<double> energy_after;
  // The state is a stored pattern, the one of largest weight, and an update leaves it unchanged.
  bool exact = false;
};

struct RetrieveCall : Call {
  // Whether to compute energies: one more sweep unless the retrieval ends at a fixed point.
  bool with_energy = true;
  // Largest number of support entries in each answer.
  int64_t max_support = 100;
};

// Answers to the B queries of a call, in order, and the version they were answered from.
struct RetrieveResult {
  BankSnapshot bank;
  std::vector<Retrieval> retrievals;
};
struct EnergyResult {
  BankSnapshot bank;
  std::vector<StateEnergy> energies;
};

// Called exactly once, on a thread of the engine; must not block.
using RetrieveDone = std::function<void(absl::StatusOr<RetrieveResult>)>;
using EnergyDone = std::function<void(absl::StatusOr<EnergyResult>)>;

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_CALL_H_
