#ifndef ENGRAM_CORE_ENGINE_RETRIEVAL_FLIGHT_H_
#define ENGRAM_CORE_ENGINE_RETRIEVAL_FLIGHT_H_

#include <functional>
#include <optional>
#include <vector>

#include "core/engine/call.h"
#include "core/engine/flight.h"
#include "core/engine/state_update.h"

namespace engram {

// Updates a state until it stops.
class RetrievalFlight : public Flight {
 public:
  // Writes to `result`, which must outlive this, as must `call`.
  RetrievalFlight(const RetrieveCall* call, absl::Span<const double> query, Retrieval* result);

  absl::Span<const double> state() const override { return state_; }
  Cut NextCut(const BankSnapshot& bank) const override;
  void CountSweep() override { ++result_->sweeps; }
  absl::StatusOr<bool> Advance(const BankSnapshot& bank, SurvivorList* survivors,
                               const UpdateMeans& means) override;
  // Set for a fast retrieval by softmax.
  std::optional<StreamState> NextStream(const BankSnapshot& bank) const override;
  absl::StatusOr<bool> AdvanceStream(const BankSnapshot& bank, const StreamedSoftmax& stream) override;

 private:
  // Takes the update of the state. `note_recalled` notes what it recalled if it is the last.
  absl::StatusOr<bool> Take(const BankSnapshot& bank, StateUpdate update,
                            const std::function<absl::Status(const StateUpdate&)>& note_recalled);
  // Whether the retrieval stops with `update`; notes why.
  bool Stops(const StateUpdate& update);
  // Notes what the update that stopped it recalled. INVALID_ARGUMENT: a value leaves the range of float32.
  absl::Status NoteRecalled(const BankSnapshot& bank, const StateUpdate& update, ThreadPool* pool);
  absl::Status NoteStreamed(const BankSnapshot& bank, const StateUpdate& update,
                            const StreamedSoftmax& stream);

  const RetrieveCall& call_;
  Retrieval* const result_;
  std::vector<double> state_;
  // The retrieval has stopped, and one more sweep tells the energy of where it did.
  bool only_energy_is_missing_ = false;
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_RETRIEVAL_FLIGHT_H_
