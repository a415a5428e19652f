#ifndef ENGRAM_CORE_STORAGE_STORED_SNAPSHOT_H_
#define ENGRAM_CORE_STORAGE_STORED_SNAPSHOT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/storage/stored_bank.h"

namespace engram {

class RocksDatabase;
struct DatabaseOptions;

// A snapshot that is open for reading. Thread-safe.
class StoredSnapshot {
 public:
  using DamageVisitor = std::function<void(absl::string_view text)>;

  // Opens a folder that holds a copy of a database as RocksDatabase::Copy makes it; changes nothing. Calls
  // `on_close` when the result has gone, and `on_damage`, if it is not empty, with a text that names the file
  // when ReadPatterns finds damage. What is needed for that must outlive the result.
  // DATA_LOSS: it is damaged; the text names the file. FAILED_PRECONDITION: a newer Engram made it.
  static absl::StatusOr<std::unique_ptr<StoredSnapshot>> Open(const DatabaseOptions& options,
                                                              std::function<void()> on_close,
                                                              DamageVisitor on_damage = nullptr);
  ~StoredSnapshot();
  StoredSnapshot(const StoredSnapshot&) = delete;
  StoredSnapshot& operator=(const StoredSnapshot&) = delete;

  // Ascending by id.
  const std::vector<StoredBank>& banks() const { return banks_; }

  // As RocksJournal::ReadPatterns.
  absl::Status ReadPatterns(int64_t bank_id, const BankSettings& settings,
                            const PatternVisitor& visitor) const;

  const RocksDatabase& database() const { return *database_; }

 private:
  StoredSnapshot(std::unique_ptr<RocksDatabase> database, std::vector<StoredBank> banks,
                 std::function<void()> on_close, DamageVisitor on_damage);

  std::unique_ptr<RocksDatabase> database_;
  const std::vector<StoredBank> banks_;
  const std::function<void()> on_close_;
  const DamageVisitor on_damage_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_STORED_SNAPSHOT_H_
