#ifndef ENGRAM_CORE_ENGINE_RECALL_H_
#define ENGRAM_CORE_ENGINE_RECALL_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/bank/bank_snapshot.h"
#include "core/engine/call.h"
#include "core/transform/dynamics.h"

namespace engram {

// How one memory leads to the next; see engram.v1.RecallRequest.
//
// Source: Santos et al. (2025), "Hopfield-Fenchel-Young networks", Algorithms 1 to 3.
enum class RecallMode {
  kUsedUp,      // Constrained sparsemax whose bounds lose what was recalled.
  kPenalty,     // What was recalled is penalised.
  kSequential,  // Contiguous 2-subsets lead from a memory to its neighbour in id order.
};

// What a recall is to do. Valid by construction.
struct RecallPlan {
  RecallMode mode = RecallMode::kUsedUp;
  // Of the updates of each memory: transformation (kUsedUp has its own), beta, post-transformation, iteration
  // limit, tolerance.
  Dynamics dynamics;
  // kUsedUp: upper bounds to begin with, for the patterns by ascending id; empty: 1 each.
  std::vector<double> upper_bounds;
  // kPenalty and kSequential: scores x.q - strength a, a = decay p + (1 - decay) a.
  double strength = 1e9;  // In (0, 1e30], so that no penalised score overflows.
  double decay = 1e-3;    // In (0, 1].
  // kSequential: a memory just recalled counts as -bonus p, so that it is in the next pair. In [1, 1e6].
  double bonus = 1.1;
};

// What kSequential turns with: two patterns in a row.
SequentialKSubsets PairOfNeighbours();

// One memory.
struct Memory {
  uint64_t id = 0;            // The pattern of largest weight, the lowest id where several have it.
  double weight = 0;          // Its weight.
  std::vector<double> state;  // [D]
  std::vector<double> value;  // [V]
  int64_t support_size = 0;
  int iterations = 0;
  StopReason stop_reason = StopReason::kLimit;
};

// A recall under way: what it carries from one memory to the next. Used by one call at a time.
class Recall {
 public:
  // Begins at `query` [D].
  //
  // INVALID_ARGUMENT: the plan does not fit the bank: as many upper bounds as patterns are needed, and two
  // patterns for kSequential; the text names the field. FAILED_PRECONDITION: the bank is empty.
  static absl::StatusOr<std::unique_ptr<Recall>> Begin(BankSnapshot bank, RecallPlan plan,
                                                       std::vector<double> query);

  const BankSnapshot& bank() const { return bank_; }
  const RecallPlan& plan() const { return plan_; }
  // Memories recalled so far.
  int64_t memory_count() const { return memory_count_; }
  // Whether nothing is left to recall: kUsedUp has used up all but less than a weight of 1.
  bool exhausted() const { return exhausted_; }

 private:
  friend class RecallFlight;

  Recall(BankSnapshot bank, RecallPlan plan, std::vector<double> query);

  const BankSnapshot bank_;
  const RecallPlan plan_;
  std::vector<double> state_;      // [D]
  std::vector<double> upper_;      // kUsedUp: what is left of each pattern [N], by position.
  std::vector<double> penalties_;  // a [N], by position; empty: all 0.
  int64_t memory_count_ = 0;
  bool exhausted_ = false;
};

struct RecallCall {
  // Must not be in another call.
  std::shared_ptr<Recall> recall;
  absl::Time deadline = absl::InfiniteFuture();
  std::shared_ptr<const Cancellation> cancellation;
};
using RecallDone = std::function<void(absl::StatusOr<Memory>)>;

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_RECALL_H_
