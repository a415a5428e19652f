#ifndef ENGRAM_SERVER_UPLOADS_H_
#define ENGRAM_SERVER_UPLOADS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "core/bank/memory_bank.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "server/staged_rows.h"

namespace engram {

// The rows that one BulkStore sends to a bank, over as many streams as it takes. Thread-safe.
class Upload {
 public:
  // How far it has come: what a progress reply says.
  struct Progress {
    int64_t row_offset = 0;     // Rows acknowledged so far.
    int64_t version = 0;        // The bank's version that has them; 0 while an atomic upload is unfinished.
    std::vector<uint64_t> ids;  // Of the rows that became visible with this step.
  };

  // `budget` pays for the rows of an atomic upload and must outlive this.
  Upload(std::string id, std::shared_ptr<MemoryBank> bank, bool atomic, MemoryBudget* budget);

  const std::string& id() const { return id_; }
  const std::shared_ptr<MemoryBank>& bank() const { return bank_; }
  bool atomic() const { return atomic_; }

  // Makes a new stream the one that sends the rows; those before it can no more. Returns its number.
  int64_t Attach() ABSL_LOCKS_EXCLUDED(mutex_);

  // `stream` sends no more. Returns whether it was the newest: then the upload waits to be resumed.
  bool Detach(int64_t stream);
  // Whether the newest stream is still there.
  bool attached() const { return attached_stream_.load() != kNone; }

  // How far the upload has come; no ids.
  Progress progress() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Takes the next rows from `stream`, the first of which is row `row_offset` of the upload; all or nothing.
  // Errors name fields within the chunk; see Within.
  //
  // NOT_FOUND: the upload was dropped. FAILED_PRECONDITION: another stream has taken over, or row_offset is
  // not where the upload is. INVALID_ARGUMENT: ids in some chunks and not in others, or an id twice in an
  // atomic upload. Errors of MemoryBank::Store; of the budget.
  absl::StatusOr<Progress> Add(int64_t stream, int64_t row_offset, const PatternRows& rows)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Makes the rows of an atomic upload visible, and drops the upload unless it fails. Errors as for Add.
  absl::StatusOr<Progress> Finish(int64_t stream) ABSL_LOCKS_EXCLUDED(mutex_);

  // Forgets the rows that are not visible. Takes no more from now on.
  void Drop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status CheckStream(int64_t stream) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status CheckNext(int64_t row_offset, const PatternRows& rows) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  static constexpr int64_t kNone = -1;

  // Constant after construction.
  const std::string id_;
  const std::shared_ptr<MemoryBank> bank_;
  const bool atomic_;
  MemoryBudget* const budget_;

  std::atomic<int64_t> attached_stream_{0};  // 0: that which began the upload and will attach.
  mutable Mutex mutex_;                      // Held while the bank stores rows: chunks come one at a time.
  int64_t stream_ ABSL_GUARDED_BY(mutex_) = 0;
  bool dropped_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t row_offset_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
  bool has_ids_ ABSL_GUARDED_BY(mutex_) = false;                // Whether the rows so far came with ids.
  std::unique_ptr<StagedRows> staged_ ABSL_GUARDED_BY(mutex_);  // Of an atomic upload.
};

// The unfinished uploads of a server, by id. Thread-safe.
class Uploads {
 public:
  // Both must outlive this.
  Uploads(MemoryBudget* budget, const Clock* clock) : budget_(budget), clock_(clock) {}

  // A new upload to `bank`, with an id that cannot be guessed.
  // If there are as many as may be, drops that which nobody has continued for longest and which has no
  // stream. RESOURCE_EXHAUSTED: all have one. NOT_FOUND: the bank was deleted. INTERNAL: the system has no
  // random numbers.
  absl::StatusOr<std::shared_ptr<Upload>> Begin(const std::shared_ptr<MemoryBank>& bank, bool atomic)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The unfinished upload `id` to `bank`, which is kept for another while.
  // NOT_FOUND: there is none.
  absl::StatusOr<std::shared_ptr<Upload>> Find(const std::string& id, const MemoryBank& bank)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Drops an upload that has finished or cannot go on.
  void Remove(const std::string& id) ABSL_LOCKS_EXCLUDED(mutex_);

  // Drops the uploads to banks that were deleted, and those that nobody has continued for long. Called
  // before memory is needed or counted, so that they take up none then.
  void DropStale() ABSL_LOCKS_EXCLUDED(mutex_);

  int64_t count() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry {
    std::shared_ptr<Upload> upload;
    absl::Time last_used;
  };

  // Takes out the upload without a stream that was not used for longest; null: all have one.
  std::shared_ptr<Upload> TakeAbandoned() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  MemoryBudget* const budget_;
  const Clock* const clock_;
  mutable Mutex mutex_;
  absl::flat_hash_map<std::string, Entry> entries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_SERVER_UPLOADS_H_
