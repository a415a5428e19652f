#ifndef ENGRAM_CORE_ENGINE_STATE_UPDATE_H_
#define ENGRAM_CORE_ENGINE_STATE_UPDATE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/base/thread_pool.h"
#include "core/sweep/sweeper.h"
#include "core/transform/dynamics.h"

namespace engram {

// One application of the dynamics to a state q: p = transform(beta X q), q' = post(X^T p), in canonical
// arithmetic.
//
// It depends on the survivors that have weight (that lie in the window, where the transformation has no
// sharper rule for who counts) and on nothing else, so two sweeps that return different supersets of them
// give the same bytes.
struct StateUpdate {
  // The rows with weight, by ascending id, and their weights [s].
  std::vector<Survivor> support;
  std::vector<double> weights;
  double total_weight = 0;
  // q' [D].
  std::vector<double> next;
  // Omega*(beta X q) / beta, with Omega 0 at the vertices.
  double scaled_conjugate = 0;
  // See Projection.
  double duality_gap = 0;
  // By how much the score x.q of the transformation's rank leads the next one; +infinity if there is none. 0
  // if the transformation has no finite margin: it certifies nothing.
  double lead = 0;
};

// How an update may be computed. What comes out is the same.
struct UpdateMeans {
  // Takes part in sums over many rows; null: the caller computes alone. REQUIRES: the caller is none of its
  // threads.
  ThreadPool* pool = nullptr;
  // Nobody needs the survivors any more: they become the support, which need not be a copy.
  bool may_take_survivors = false;
  // Takes sums over many rows upon itself if it is faster at them; null: nobody does.
  Sweeper* sweeper = nullptr;
};

// The update of one state from what a sweep of it, with the transformation's cut, returned; reorders
// `survivors`, and leaves nothing in particular in them if it may take them. REQUIRES: the transformation
// fits the bank (ValidateFor). INVALID_ARGUMENT: weights or q' leave the range of float32, which only
// transformations that are not confined can bring about.
absl::StatusOr<StateUpdate> ComputeStateUpdate(const BankSnapshot& bank, const Dynamics& dynamics,
                                               SurvivorList* survivors, const UpdateMeans& means = {});

// sum_i p_i x_i [D] over `support`, which is sorted by id, in canonical order.
std::vector<double> CombinePatterns(const BankSnapshot& bank, absl::Span<const Survivor> support,
                                    absl::Span<const double> weights, ThreadPool* pool = nullptr);
// sum_i p_i v_i [V] over the support of `update`.
// INVALID_ARGUMENT: a component leaves the range of float32; see ComputeStateUpdate.
absl::StatusOr<std::vector<double>> RecallValue(const BankSnapshot& bank, const Dynamics& dynamics,
                                                const StateUpdate& update, ThreadPool* pool = nullptr);

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_STATE_UPDATE_H_
