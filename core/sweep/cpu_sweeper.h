#ifndef ENGRAM_CORE_SWEEP_CPU_SWEEPER_H_
#define ENGRAM_CORE_SWEEP_CPU_SWEEPER_H_

#include "core/base/canonical.h"
#include "core/base/thread_pool.h"
#include "core/sweep/sweeper.h"

namespace engram {

// Screens in float32 and refines in the canonical arithmetic, on all cores.
//
// Each block of rows is multiplied with all states at once (Eigen). A rigorous bound of the error of each
// float32 score (see float_screen.h) makes it an upper and a lower bound of the exact score; the largest
// lower bounds give the cut, and rows with an upper bound at or above it are scored exactly. A state whose
// cut keeps much of the bank takes the dense path: every row is scored exactly.
class CpuSweeper : public Sweeper {
 public:
  // `pool` must outlive this.
  explicit CpuSweeper(ThreadPool* pool, const CanonicalArithmetic& arithmetic = BestCanonicalArithmetic())
      : pool_(pool), arithmetic_(arithmetic) {}

  absl::string_view name() const override { return "cpu"; }
  absl::Status Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                     absl::Span<SurvivorList> survivors) override;

 private:
  ThreadPool* const pool_;
  const CanonicalArithmetic& arithmetic_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_SWEEPER_H_
