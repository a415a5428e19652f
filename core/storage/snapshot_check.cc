#include "core/storage/snapshot_check.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/bank_record.h"
#include "core/storage/rocks_status.h"
#include "core/storage/stored_snapshot.h"
#include "rocksdb/convenience.h"

namespace engram {
namespace {

// Takes what is damaged as a finding; anything else ends the check.
absl::Status Take(const absl::Status& status, std::vector<std::string>* findings) {
  if (!absl::IsDataLoss(status)) return status;
  findings->emplace_back(status.message());
  return absl::OkStatus();
}

}  // namespace

SnapshotInfo ReadSnapshotInfo(const DatabaseOptions& options, SnapshotInfo known) {
  const auto opened = StoredSnapshot::Open(options, nullptr);
  known.status = opened.status();
  if (opened.ok()) known.banks = (*opened)->banks();
  return known;
}

absl::StatusOr<std::vector<std::string>> CheckTables(const StoredSnapshot& snapshot, int64_t before_bytes,
                                                     int64_t total_bytes, const ProgressVisitor& progress) {
  const DatabaseOptions& database = snapshot.database().options();
  rocksdb::Options options;
  options.env = EnvOf(database);
  std::vector<std::string> findings;
  int64_t done = before_bytes;
  for (const rocksdb::LiveFileMetaData& table : snapshot.database().tables()) {
    ENGRAM_RETURN_IF_ERROR(progress(done, total_bytes));
    const std::string path = absl::StrCat(database.data_dir, table.name);
    const rocksdb::Status checked = rocksdb::VerifySstFileChecksum(options, rocksdb::EnvOptions(), path);
    ENGRAM_RETURN_IF_ERROR(Take(ToReadStatus(checked, path), &findings));
    done += static_cast<int64_t>(table.size);
  }
  return findings;
}

absl::StatusOr<std::vector<std::string>> CheckRecords(const StoredSnapshot& snapshot, int64_t before_bytes,
                                                      int64_t total_bytes, const ProgressVisitor& progress) {
  std::vector<std::string> findings;
  int64_t done = before_bytes;
  for (const StoredBank& bank : snapshot.banks()) {
    ENGRAM_RETURN_IF_ERROR(Take(bank.settings.status(), &findings));
    if (!bank.settings.ok()) continue;
    const absl::Status read =
        snapshot.ReadPatterns(bank.bank_id, *bank.settings, [&](const PatternRows& rows) {
          done += PatternRecordBytes(rows);
          return progress(done, std::max(done, total_bytes));
        });
    ENGRAM_RETURN_IF_ERROR(Take(read, &findings));
  }
  ENGRAM_RETURN_IF_ERROR(progress(std::max(done, total_bytes), std::max(done, total_bytes)));
  return findings;
}

}  // namespace engram
