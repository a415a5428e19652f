#include "core/engine/recall.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/engine/bank_checks.h"

namespace engram {

SequentialKSubsets PairOfNeighbours() {
  return *SequentialKSubsets::Make(2, std::numeric_limits<double>::infinity());
}

absl::StatusOr<std::unique_ptr<Recall>> Recall::Begin(BankSnapshot bank, RecallPlan plan,
                                                      std::vector<double> query) {
  ENGRAM_RETURN_IF_ERROR(CheckFits(bank, plan.dynamics));
  const int64_t count = bank.pattern_count();
  if (plan.mode == RecallMode::kSequential && !PairOfNeighbours().ValidateFor(count).ok()) {
    return InvalidField("sequential", absl::StrCat("a bank of ", count, " patterns"),
                        absl::StrCat("2 to ", SequentialKSubsets::kMaxCells / 2, " patterns"));
  }
  if (!plan.upper_bounds.empty()) {
    const auto constrained = ConstrainedSparsemax::Make(plan.upper_bounds);
    ENGRAM_RETURN_IF_ERROR(Within("dynamics.constrained_sparsemax", constrained.status()));
    ENGRAM_RETURN_IF_ERROR(Within("dynamics.constrained_sparsemax", constrained->ValidateFor(count)));
  }
  return std::unique_ptr<Recall>(new Recall(std::move(bank), std::move(plan), std::move(query)));
}

Recall::Recall(BankSnapshot bank, RecallPlan plan, std::vector<double> query)
    : bank_(std::move(bank)), plan_(std::move(plan)), state_(std::move(query)) {
  if (plan_.mode != RecallMode::kUsedUp) return;
  upper_ = plan_.upper_bounds;
  if (upper_.empty()) upper_.assign(bank_.pattern_count(), 1.0);
}

}  // namespace engram
