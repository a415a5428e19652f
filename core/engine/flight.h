#ifndef ENGRAM_CORE_ENGINE_FLIGHT_H_
#define ENGRAM_CORE_ENGINE_FLIGHT_H_

#include <vector>

#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/engine/call.h"
#include "core/sweep/sweeper.h"
#include "core/transform/dynamics.h"

namespace engram {

// One query on its way: what it asks of the next sweep, and what it makes of the answer. Knows nothing of
// threads, batches or time.
class Flight {
 public:
  virtual ~Flight() = default;

  // The state [D] that the next sweep must serve.
  virtual absl::Span<const double> state() const = 0;

  // Takes what a sweep of state() returned. True: the answer is complete and the flight ends.
  // REQUIRES: `bank` is the snapshot that the query is pinned to.
  virtual bool Advance(const BankSnapshot& bank, SurvivorList* survivors) = 0;
};

// Updates a state until it stops.
class RetrievalFlight : public Flight {
 public:
  // Writes to `result`, which must outlive this, as must `call`.
  RetrievalFlight(const RetrieveCall* call, absl::Span<const double> query, Retrieval* result);

  absl::Span<const double> state() const override { return state_; }
  bool Advance(const BankSnapshot& bank, SurvivorList* survivors) override;

 private:
  // Whether the retrieval stops with the update from state_ to update.next; notes why.
  bool Stops(const StateUpdate& update);
  // Notes what the update that stopped it recalled.
  void NoteRecalled(const BankSnapshot& bank, const StateUpdate& update);

  const RetrieveCall& call_;
  Retrieval* const result_;
  std::vector<double> state_;
  // The retrieval has stopped, and one more sweep tells the energy of where it did.
  bool only_energy_is_missing_ = false;
};

// Evaluates the energy of a state.
class EnergyFlight : public Flight {
 public:
  // Writes to `result`, which must outlive this, as must `dynamics`.
  EnergyFlight(const Dynamics* dynamics, absl::Span<const double> state, StateEnergy* result)
      : dynamics_(dynamics), state_(state.begin(), state.end()), result_(result) {}

  absl::Span<const double> state() const override { return state_; }
  bool Advance(const BankSnapshot& bank, SurvivorList* survivors) override;

 private:
  const Dynamics* const dynamics_;
  const std::vector<double> state_;
  StateEnergy* const result_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_FLIGHT_H_
