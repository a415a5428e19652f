#ifndef ENGRAM_CORE_BANK_PUBLISHED_VERSION_H_
#define ENGRAM_CORE_BANK_PUBLISHED_VERSION_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_rows.h"
#include "core/bank/bank_snapshot.h"
#include "core/base/mutex.h"

namespace engram {

// Patterns of one version, found by id.
struct FoundPatterns {
  BankSnapshot snapshot;
  std::vector<RowRef> rows;
};

// What readers see of a bank: its newest version, and where in it the pattern with an id lies. Pinning never
// waits for the index, which takes long to change after a large Store; finding may. Thread-safe, for one
// writer.
class PublishedVersion {
 public:
  using State = std::shared_ptr<const BankSnapshot::State>;

  // REQUIRES: `index` has the ids that `state` shows.
  PublishedVersion(State state, RowIndex index) : index_(std::move(index)), state_(std::move(state)) {}

  BankSnapshot Pin() const ABSL_LOCKS_EXCLUDED(state_mutex_);

  // The rows of `ids`, in their order. NOT_FOUND: one is missing; the text names the first.
  absl::StatusOr<FoundPatterns> Find(absl::Span<const uint64_t> ids) const
      ABSL_LOCKS_EXCLUDED(index_mutex_, state_mutex_);

  // Those of `ids` that the newest version has, and their rows.
  using Entries = std::vector<std::pair<uint64_t, RowRef>>;
  Entries Present(absl::Span<const uint64_t> ids) const ABSL_LOCKS_EXCLUDED(index_mutex_);

  // Shows `state`, which has `stored` and lacks `erased`. Returns what showed until now, to be dropped where
  // nobody waits: it may be the last to hold many rows.
  [[nodiscard]] State Publish(State state, const Entries& stored, absl::Span<const uint64_t> erased)
      ABSL_LOCKS_EXCLUDED(index_mutex_, state_mutex_);
  // Shows `state`, which has another layout and therefore another index. Leaves in `index` the old one, and
  // returns the old state.
  [[nodiscard]] State Publish(State state, RowIndex* index) ABSL_LOCKS_EXCLUDED(index_mutex_, state_mutex_);

 private:
  State Show(State state) ABSL_LOCKS_EXCLUDED(state_mutex_);

  // Held while a version is published, so that whoever holds it finds the rows of the one that shows.
  mutable Mutex index_mutex_ ABSL_ACQUIRED_BEFORE(state_mutex_);
  RowIndex index_ ABSL_GUARDED_BY(index_mutex_);
  mutable Mutex state_mutex_;
  State state_ ABSL_GUARDED_BY(state_mutex_);
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_PUBLISHED_VERSION_H_
