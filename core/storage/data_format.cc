#include "core/storage/data_format.h"

#include <algorithm>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/base/failpoint.h"
#include "core/base/status_macros.h"
#include "core/storage/byte_record.h"
#include "core/storage/rocks_options.h"
#include "core/storage/rocks_status.h"
#include "core/storage/storage_key.h"

namespace engram {
namespace {

absl::Status CheckFamilies(const DatabaseOptions& options, const std::vector<std::string>& families) {
  std::vector<std::string> unknown;
  for (const std::string& family : families) {
    const bool is_known =
        family == rocksdb::kDefaultColumnFamilyName || family == kBanksFamily || family == kPatternsFamily;
    if (!is_known) unknown.push_back(family);
  }
  if (unknown.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "data directory ", options.data_dir, " has column families that this Engram does not know (",
      absl::StrJoin(unknown, ", "),
      "): it was written by a newer Engram or by another program; use the Engram that wrote it"));
}

bool IsEmpty(const RocksDatabase& database, rocksdb::ColumnFamilyHandle* family) {
  const std::unique_ptr<rocksdb::Iterator> it(database.db()->NewIterator(MakeScanOptions(), family));
  it->SeekToFirst();
  return !it->Valid() && it->status().ok();
}

}  // namespace

absl::Status CheckFormat(const DatabaseOptions& options) {
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<std::string> families, RocksDatabase::ListFamilies(options));
  ENGRAM_RETURN_IF_ERROR(CheckFamilies(options, families));
  // A crash while the database was made leaves it without some of them, and then without banks.
  if (families.size() < 3) return absl::OkStatus();
  ENGRAM_ASSIGN_OR_RETURN(const std::unique_ptr<RocksDatabase> database,
                          RocksDatabase::Open(options, RocksDatabase::Access::kRead));
  std::string record;
  const rocksdb::Status got = database->db()->Get(MakeScanOptions(), database->banks(), kFormatKey, &record);
  if (got.IsNotFound()) return absl::OkStatus();  // New; see WriteFormat.
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(got, absl::StrCat("data directory ", options.data_dir)));
  ByteReader reader(record);
  const uint32_t format = reader.U32();
  if (!reader.IsExact() || format == 0) return DataDamaged("the record of the data format makes no sense");
  if (format <= kDataFormat) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("data directory ", options.data_dir, " has format ", format,
                   " of a newer Engram; this one reads formats up to ", kDataFormat,
                   ": use the newer Engram, or a backup made by this one"));
}

absl::Status WriteFormat(RocksDatabase* database) {
  std::string record;
  const rocksdb::Status got = database->db()->Get(MakeScanOptions(), database->banks(), kFormatKey, &record);
  if (got.ok()) return absl::OkStatus();
  const std::string what = absl::StrCat("data directory ", database->options().data_dir);
  if (!got.IsNotFound()) return ToReadStatus(got, what);
  if (!IsEmpty(*database, database->banks()) || !IsEmpty(*database, database->patterns())) {
    return DataDamaged(absl::StrCat(what, " holds records, but not that of its format"));
  }
  ENGRAM_FAILPOINT("open/before_format");
  ByteWriter(&record).U32(kDataFormat);
  rocksdb::WriteBatch batch;
  const rocksdb::Status put = batch.Put(database->banks(), kFormatKey, record);
  ENGRAM_RETURN_IF_ERROR(ToWriteStatus(put, what));
  ENGRAM_RETURN_IF_ERROR(database->Write(&batch, /*sync=*/true, what));
  ENGRAM_CRASHPOINT("open/after_format");
  return absl::OkStatus();
}

}  // namespace engram
