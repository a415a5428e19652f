#include "core/storage/snapshot_check.h"

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

int64_t RowBytes(const BankSettings& settings, const PatternRows& rows) {
  int64_t bytes = PatternRecordBytes(settings.dim, settings.value_dim, 0) * rows.patterns.rows();
  for (const std::string& payload : rows.payloads) bytes += static_cast<int64_t>(payload.size());
  return bytes;
}

}  // namespace

SnapshotInfo ReadSnapshotInfo(const DatabaseOptions& options, SnapshotInfo known) {
  const auto opened = StoredSnapshot::Open(options, nullptr);
  known.status = opened.status();
  if (opened.ok()) known.banks = (*opened)->banks();
  return known;
}

absl::StatusOr<std::vector<std::string>> CheckSnapshot(const StoredSnapshot& snapshot,
                                                       const ProgressVisitor& progress) {
  const RocksDatabase& database = snapshot.database();
  std::vector<rocksdb::LiveFileMetaData> tables;
  database.db()->GetLiveFilesMetaData(&tables);
  int64_t total = 0;
  for (const rocksdb::LiveFileMetaData& table : tables) total += 2 * static_cast<int64_t>(table.size);
  std::vector<std::string> findings;
  int64_t done = 0;
  rocksdb::Options options;
  options.env = EnvOf(database.options());
  for (const rocksdb::LiveFileMetaData& table : tables) {
    ENGRAM_RETURN_IF_ERROR(progress(done, total));
    const std::string path = absl::StrCat(database.options().data_dir, table.name);
    const rocksdb::Status checked = rocksdb::VerifySstFileChecksum(options, rocksdb::EnvOptions(), path);
    ENGRAM_RETURN_IF_ERROR(Take(ToReadStatus(checked, path), &findings));
    done += static_cast<int64_t>(table.size);
  }
  for (const StoredBank& bank : snapshot.banks()) {
    ENGRAM_RETURN_IF_ERROR(Take(bank.settings.status(), &findings));
    if (!bank.settings.ok()) continue;
    const absl::Status read =
        snapshot.ReadPatterns(bank.bank_id, *bank.settings, [&](const PatternRows& rows) {
          done += RowBytes(*bank.settings, rows);
          return progress(done, std::max(done, total));
        });
    ENGRAM_RETURN_IF_ERROR(Take(read, &findings));
  }
  ENGRAM_RETURN_IF_ERROR(progress(std::max(done, total), std::max(done, total)));
  return findings;
}

}  // namespace engram
