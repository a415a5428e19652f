#ifndef ENGRAM_CORE_BANK_WRITE_GROUP_H_
#define ENGRAM_CORE_BANK_WRITE_GROUP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_contents.h"
#include "core/bank/memory_lack.h"
#include "core/bank/published_version.h"
#include "core/storage/journal.h"

namespace engram {

// A Store or Delete that waits for its turn, and what became of it.
struct BankWrite {
  // What to do.
  const PatternRows* batch = nullptr;     // Store these; ids, if there are none, are assigned.
  absl::Span<const uint64_t> delete_ids;  // Without a batch: delete these.
  bool allow_missing = false;
  std::function<void()> task;  // Instead of either: something that comes in the same order, alone.

  // What became of it.
  absl::Status status;
  std::vector<uint64_t> ids;  // Stored or deleted.
  int64_t version = 0;        // The first that has the change.
  // Refused for memory, and what was lacking.
  bool is_short_of_memory = false;
  MemoryLack lack;
};

// Writes to one bank that the journal gets at once, planned one after another as if each before had
// happened, then carried out together or not at all. Each has its own version; one that cannot be done fails
// alone. Not thread-safe; the bank's one writer at work.
class WriteGroup {
 public:
  // What the group is added to and what shows it; must outlive this.
  WriteGroup(const BankSettings& settings, const BankContents& contents, const PublishedVersion& published);

  // Plans `write`, or gives it the status for which it fails. False: it must wait for another group, as it
  // touches a pattern that this one touches, or would make this one too large.
  bool Add(BankWrite* write);

  // What the journal is given; it lives as long as this. Empty: there is nothing to do.
  absl::Span<const PatternChange> changes() const { return changes_; }
  const BankCounts& counts() const { return counts_; }

  // Carries the group out and shows it. `died` is called with each row that dies. Returns what showed before.
  PublishedVersion::State Apply(const std::shared_ptr<const BankSettings>& settings,
                                absl::FunctionRef<void(RowRef)> died, BankContents* contents,
                                PublishedVersion* published);

 private:
  struct Step {
    BankWrite* write;
    PublishedVersion::Entries gone;  // Replaced or deleted.
    Reservation payload_memory;
  };

  absl::Status PlanStore(BankWrite* write);
  absl::Status TakeMemory(int64_t count, int64_t payload_bytes, Reservation* payload_memory);
  absl::Status PlanDelete(BankWrite* write);
  void AddStep(Step step, PatternChange change, int64_t more);
  bool Touches(absl::Span<const uint64_t> ids) const;
  absl::StatusOr<std::vector<uint64_t>> AssignIds(int64_t count) const;

  const BankSettings& settings_;
  const PublishedVersion& published_;
  BankRows rows_;  // A copy with room for what is added; dropped if the group fails.
  BankCounts counts_;
  std::vector<Step> steps_;
  std::vector<PatternChange> changes_;  // Of each step.
  int64_t added_rows_ = 0;
  int64_t bytes_ = 0;
  absl::flat_hash_set<uint64_t> touched_;  // Ids, while there is room for another write.
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_WRITE_GROUP_H_
