#include "core/sweep/reference_sweeper.h"

#include "core/base/canonical.h"

namespace engram {

absl::Status ReferenceSweeper::Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                                     absl::Span<SweepResult> results) {
  const CanonicalArithmetic& arithmetic = PortableCanonicalArithmetic();
  for (size_t b = 0; b < states.size(); ++b) {
    SurvivorList& survivors = results[b].survivors;
    survivors.clear();
    results[b].near_misses = nullptr;
    for (int32_t s = 0; s < bank.segment_count(); ++s) {
      const Segment& segment = bank.segment(s);
      for (int32_t i = 0; i < bank.rows_in_segment(s); ++i) {
        if (!segment.VisibleAt(i, states[b].version)) continue;
        const double score = arithmetic.dot(segment.pattern(i).data(), states[b].state.data(), segment.dim());
        survivors.push_back({score, segment.id(i), {s, i}});
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace engram
