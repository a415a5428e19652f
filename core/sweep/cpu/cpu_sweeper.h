#ifndef ENGRAM_CORE_SWEEP_CPU_CPU_SWEEPER_H_
#define ENGRAM_CORE_SWEEP_CPU_CPU_SWEEPER_H_

#include <memory>
#include <vector>

#include "core/base/canonical.h"
#include "core/base/counter.h"
#include "core/base/thread_pool.h"
#include "core/sweep/cpu/recalled_patterns.h"
#include "core/sweep/cpu/screen_kernels.h"
#include "core/sweep/sweeper.h"

namespace engram {

// Screens and refines on all cores.
//
// One pass over the codes of the rows (or, in banks without codes, over the rows in float32) bounds the
// largest score of every tile of 16 rows, for all states at once (tile_scan). The cut that follows from the
// largest lower bounds leaves a few tiles; their rows are bounded one by one and what is left is scored
// exactly (selection). Later states of a query are served from the same bounds (tile_near_misses). A state
// whose cut keeps much of the bank takes the dense path: every row is scored exactly (dense_scan).
class CpuSweeper : public Sweeper {
 public:
  // `pool` must outlive this, and `kernels` and `arithmetic` all results.
  explicit CpuSweeper(ThreadPool* pool, const ScreenKernels& kernels = BestScreenKernels(),
                      const CanonicalArithmetic& arithmetic = BestCanonicalArithmetic())
      : pool_(pool), kernels_(kernels), arithmetic_(arithmetic) {}

  absl::string_view name() const override { return "cpu"; }
  absl::Status Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                     absl::Span<SweepResult> results) override;
  absl::Status StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                             absl::Span<StreamedSoftmax> updates) override;
  SweeperCounts counts() const override { return {dense_states_.value(), recalled_->hits()}; }

 private:
  // Screens the states `screened`; returns those of them that are dense after all.
  std::vector<size_t> ScreenStates(const BankSnapshot& bank, absl::Span<const SweepState> states,
                                   const std::vector<size_t>& screened,
                                   absl::Span<SweepResult> results) const;

  ThreadPool* const pool_;
  const ScreenKernels& kernels_;
  const CanonicalArithmetic& arithmetic_;
  Counter dense_states_;
  // Shared with near misses, which may outlive this.
  const std::shared_ptr<RecalledPatterns> recalled_ = std::make_shared<RecalledPatterns>();
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_CPU_SWEEPER_H_
