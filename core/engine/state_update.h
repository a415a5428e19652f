#ifndef ENGRAM_CORE_ENGINE_STATE_UPDATE_H_
#define ENGRAM_CORE_ENGINE_STATE_UPDATE_H_

#include <vector>

#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/sweep/sweeper.h"
#include "core/transform/dynamics.h"

namespace engram {

// One application of the dynamics to a state q: p = transform(beta X q), q' = X^T p, in canonical arithmetic.
//
// It depends on the survivors that have weight (for softmax: that lie in the window) and on nothing else, so
// two sweeps that return different supersets of them give the same bytes.
struct StateUpdate {
  // The rows with weight > 0, by ascending id, and their weights [s].
  std::vector<Survivor> support;
  std::vector<double> weights;
  // q' [D].
  std::vector<double> next;
  // Omega*(beta X q) / beta, with Omega 0 at the vertices.
  double scaled_conjugate = 0;
};

// The update of one state from what a sweep of it returned; reorders `survivors`.
// REQUIRES: `bank` has at least as many patterns as the transformation needs (ValidateFor).
StateUpdate ComputeStateUpdate(const BankSnapshot& bank, const Dynamics& dynamics, SurvivorList* survivors);

// sum_i p_i v_i [V] over the support of `update`, in canonical order.
std::vector<double> CombineValues(const BankSnapshot& bank, const StateUpdate& update);

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_STATE_UPDATE_H_
