#ifndef ENGRAM_CORE_ENGINE_TRAJECTORY_H_
#define ENGRAM_CORE_ENGINE_TRAJECTORY_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "core/bank/bank_snapshot.h"
#include "core/sweep/sweeper.h"

namespace engram {

// The updates of one query, as much of them as their derivative needs.
class Trajectory {
 public:
  struct Update {
    std::vector<double> state;  // Before the update [D].
    // The rows with weight, or those with a slope where these are more, by ascending id; scores at `state`.
    std::vector<Survivor> support;
    std::vector<double> weights;
  };

  void Add(std::vector<double> state, std::vector<Survivor> support, std::vector<double> weights);

  // First to last.
  const std::vector<Update>& updates() const { return updates_; }
  // What the updates, and the gradients with respect to the patterns in them, take up.
  int64_t memory_bytes(const BankSnapshot& bank) const;

 private:
  std::vector<Update> updates_;
  int64_t member_count_ = 0;           // Support entries of all updates.
  absl::flat_hash_set<uint64_t> ids_;  // Of the patterns in any support.
};

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_TRAJECTORY_H_
