#ifndef ENGRAM_CORE_ENGINE_FLIGHT_H_
#define ENGRAM_CORE_ENGINE_FLIGHT_H_

#include <optional>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/engine/state_update.h"
#include "core/sweep/sweeper.h"
#include "core/transform/cut.h"

namespace engram {

// One query on its way: what it asks of the next sweep, and what it makes of the answer. Knows nothing of
// batches or time, and threads only help it to add up.
class Flight {
 public:
  virtual ~Flight() = default;

  // The state [D] that the next sweep must serve, and the rows that it may leave out.
  // REQUIRES: `bank` is the snapshot that the query is pinned to, here and below.
  virtual absl::Span<const double> state() const = 0;
  virtual Cut NextCut(const BankSnapshot& bank) const = 0;

  // The bank was read for this flight's next update.
  virtual void CountSweep() {}

  // Takes what a sweep of state() returned, by `means`. True: the answer is complete and the flight ends. An
  // error ends the call that the query belongs to.
  virtual absl::StatusOr<bool> Advance(const BankSnapshot& bank, SurvivorList* survivors,
                                       const UpdateMeans& means) = 0;

  // Set: instead of a sweep the flight wants this stream, and takes what it returned.
  virtual std::optional<StreamState> NextStream(const BankSnapshot&) const { return std::nullopt; }
  virtual absl::StatusOr<bool> AdvanceStream(const BankSnapshot&, const StreamedSoftmax&) {
    return absl::InternalError("a flight got a stream that it did not ask for");
  }
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_FLIGHT_H_
