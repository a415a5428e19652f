#ifndef ENGRAM_CORE_SWEEP_REFERENCE_SWEEPER_H_
#define ENGRAM_CORE_SWEEP_REFERENCE_SWEEPER_H_

#include "core/sweep/sweeper.h"

namespace engram {

// Plain loops: scores every visible row and leaves none out. The yardstick of the other backends.
class ReferenceSweeper : public Sweeper {
 public:
  absl::string_view name() const override { return "reference"; }
  absl::Status Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                     absl::Span<SweepResult> results) override;
  absl::Status StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                             absl::Span<StreamedSoftmax> updates) override;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_REFERENCE_SWEEPER_H_
