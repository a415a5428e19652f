#include "core/storage/bank_ingest.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/failpoint.h"
#include "core/base/status_macros.h"
#include "core/storage/bank_record.h"
#include "core/storage/rocks_status.h"
#include "core/storage/storage_key.h"

namespace engram {
namespace {

// Of patterns: as large as those that compactions write.
constexpr int64_t kTableBytes = int64_t{64} << 20;

}  // namespace

BankIngest::BankIngest(RocksDatabase* database, uint64_t number, int64_t bank_id,
                       std::function<absl::Time()> now, Publisher publisher)
    : database_(database),
      bank_id_(bank_id),
      now_(std::move(now)),
      publisher_(std::move(publisher)),
      tables_(database, number, absl::StrCat("restoring bank ", bank_id)) {}

absl::Status BankIngest::BeginTable() {
  ENGRAM_FAILPOINT("restore/before_patterns");
  return tables_.Begin(TableIngest::Family::kPatterns);
}

absl::Status BankIngest::Add(const PatternRows& rows) {
  ENGRAM_RETURN_IF_ERROR(database_->PrepareWrite(PatternRecordBytes(rows), /*makes_room=*/false, now_()));
  for (size_t i = 0; i < rows.ids.size(); ++i) {
    if (tables_.table() == nullptr) ENGRAM_RETURN_IF_ERROR(BeginTable());
    const auto row = static_cast<int64_t>(i);
    EncodePattern(rows.patterns.row(row), rows.value(row), rows.payload(row), &record_);
    ENGRAM_RETURN_IF_ERROR(
        ToWriteStatus(tables_.table()->Put(PatternKey(bank_id_, rows.ids[i]), record_), tables_.what()));
    if (static_cast<int64_t>(tables_.table()->FileSize()) >= kTableBytes) {
      ENGRAM_RETURN_IF_ERROR(tables_.End());
    }
  }
  return absl::OkStatus();
}

absl::Status BankIngest::Publish(const BankCounts& counts) {
  if (tables_.table() != nullptr) ENGRAM_RETURN_IF_ERROR(tables_.End());
  ENGRAM_FAILPOINT("restore/before_publish");
  ENGRAM_RETURN_IF_ERROR(publisher_(counts, &tables_));
  ENGRAM_CRASHPOINT("restore/after_publish");
  return absl::OkStatus();
}

}  // namespace engram
