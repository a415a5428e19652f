#ifndef ENGRAM_CORE_STORAGE_SNAPSHOT_STORE_H_
#define ENGRAM_CORE_STORAGE_SNAPSHOT_STORE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "core/storage/stored_bank.h"

namespace engram {

class StoredSnapshot;

// What there is to know of a snapshot without reading all of it.
struct SnapshotInfo {
  std::string name;
  absl::Time create_time;
  int64_t file_bytes = 0;  // Those that it shares included.
  // DATA_LOSS: it is damaged. FAILED_PRECONDITION: a newer Engram made it. Then it cannot be opened, and
  // `banks` is empty.
  absl::Status status;
  std::vector<StoredBank> banks;  // Ascending by id.
};

// Told how far a long operation is, in bytes of about `total_bytes`, 0 as long as that is not known, every
// few MiB; from any thread, one call at a time. An error ends the operation, which leaves nothing, and is its
// result; but for an operation that was done by then, which succeeds.
using ProgressVisitor = std::function<absl::Status(int64_t done_bytes, int64_t total_bytes)>;

// Copies of all durable banks of one journal, kept in one place under names. Thread-safe.
//
// Errors of all calls: INVALID_ARGUMENT (no such name is possible), NOT_FOUND (no snapshot has it),
// UNAVAILABLE (another call but List or Get is under way here, or the disk fails).
class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;

  // Copies all banks as they are. Each is in the copy as after one of its changes. All or nothing after any
  // crash.
  // ALREADY_EXISTS: a snapshot has that name. RESOURCE_EXHAUSTED: the disk has no room. DATA_LOSS: what was
  // copied is damaged, so that nothing could be restored from it; the text names the file.
  virtual absl::StatusOr<SnapshotInfo> Create(const std::string& name, const ProgressVisitor& progress) = 0;

  // The newest first.
  virtual absl::StatusOr<std::vector<SnapshotInfo>> List() const = 0;
  virtual absl::StatusOr<SnapshotInfo> Get(const std::string& name) const = 0;

  // Opens it for reading; it cannot be deleted meanwhile. DATA_LOSS: it is damaged beyond one bank's
  // patterns. FAILED_PRECONDITION: a newer Engram made it.
  virtual absl::StatusOr<std::unique_ptr<StoredSnapshot>> Open(const std::string& name) = 0;

  // Reads all of it and returns each thing that is wrong, naming the file or the bank; none: nothing is.
  // FAILED_PRECONDITION: a newer Engram made it.
  virtual absl::StatusOr<std::vector<std::string>> Verify(const std::string& name,
                                                          const ProgressVisitor& progress) = 0;

  virtual absl::Status Delete(const std::string& name) = 0;
};

// INVALID_ARGUMENT, of `field`: not [A-Za-z0-9][A-Za-z0-9._-]{0,127}, or it ends in ".tmp".
absl::Status CheckSnapshotName(const std::string& name, absl::string_view field = "name");
// The same of a snapshot to be made. INVALID_ARGUMENT too: it begins with "unreadable-", as do the names that
// stand for backups whose own cannot be read.
absl::Status CheckNewSnapshotName(const std::string& name);

// Begins what a backup is called whose name cannot be read.
inline constexpr char kUnreadablePrefix[] = "unreadable-";

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_SNAPSHOT_STORE_H_
