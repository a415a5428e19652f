#ifndef ENGRAM_CORE_ENGINE_RECALL_FLIGHT_H_
#define ENGRAM_CORE_ENGINE_RECALL_FLIGHT_H_

#include <vector>

#include "core/engine/flight.h"
#include "core/engine/recall.h"
#include "core/engine/state_update.h"

namespace engram {

// Recalls the next memory.
class RecallFlight : public Flight {
 public:
  // Writes to `result`. Both must outlive this.
  RecallFlight(Recall* recall, Memory* result);

  absl::Span<const double> state() const override { return recall_.state_; }
  Cut NextCut(const BankSnapshot& bank) const override;
  absl::StatusOr<bool> Advance(const BankSnapshot& bank, SurvivorList* survivors,
                               const UpdateMeans& means) override;

 private:
  // The update that turns away from what was recalled: by penalised scores, for kSequential to a pair whose
  // other half is the next memory.
  absl::Status TurnAway(SurvivorList* survivors, const UpdateMeans& means);
  // Takes the memory that the last update recalled into the penalties or out of the bounds.
  absl::Status NoteRecalled(StateUpdate update, ThreadPool* pool);
  // By position in the bank's id order [N].
  std::vector<double> Scatter(const StateUpdate& update) const;
  void AddToPenalties(const std::vector<double>& weights);

  Recall& recall_;
  Memory* const result_;
  Dynamics turn_;             // Of the update that turns away.
  Dynamics dynamics_;         // Of the other updates.
  bool turning_;              // The next update turns away.
  std::vector<double> pair_;  // kSequential: the weights of the pair [N].
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_RECALL_FLIGHT_H_
