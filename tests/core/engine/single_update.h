#ifndef ENGRAM_TESTS_CORE_ENGINE_SINGLE_UPDATE_H_
#define ENGRAM_TESTS_CORE_ENGINE_SINGLE_UPDATE_H_

#include <gtest/gtest.h>

#include <vector>

#include "core/engine/state_update.h"
#include "core/sweep/reference_sweeper.h"

namespace engram {

// One update of `state`, without an engine.
inline absl::StatusOr<StateUpdate> UpdateOf(const BankSnapshot& bank, const Dynamics& dynamics,
                                            const std::vector<double>& state) {
  const SweepState sweep{state, Cut(dynamics.transform, dynamics.beta, bank.pattern_count()), bank.version()};
  SweepResult result;
  EXPECT_TRUE(
      ReferenceSweeper().Sweep(bank, absl::MakeConstSpan(&sweep, 1), absl::MakeSpan(&result, 1)).ok());
  return ComputeStateUpdate(bank, dynamics, &result.survivors);
}

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_ENGINE_SINGLE_UPDATE_H_
