#include "core/storage/rocks_status.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace engram {
namespace {

absl::Status Unavailable(const rocksdb::Status& status, absl::string_view what) {
  ErrorDetails details;
  details.reason = "STORAGE_UNAVAILABLE";
  return MakeError(absl::StatusCode::kUnavailable, details,
                   absl::StrCat(what, ": the disk cannot be used: ", status.ToString()));
}

}  // namespace

bool IsDiskFull(const rocksdb::Status& status) {
  return status.IsNoSpace() || status.subcode() == rocksdb::Status::kSpaceLimit;
}

absl::Status ToWriteStatus(const rocksdb::Status& status, absl::string_view what) {
  if (status.ok()) return absl::OkStatus();
  if (!IsDiskFull(status)) return Unavailable(status, what);
  ErrorDetails details;
  details.reason = "DISK_FULL";
  return MakeError(absl::StatusCode::kResourceExhausted, details,
                   absl::StrCat(what, ": the disk is full: ", status.ToString()));
}

absl::Status ToReadStatus(const rocksdb::Status& status, absl::string_view what) {
  if (status.ok()) return absl::OkStatus();
  const bool is_damaged = status.IsCorruption() || status.IsPathNotFound() || status.IsNotFound() ||
                          status.IsNotSupported() || status.IsInvalidArgument();
  if (is_damaged) return DataDamaged(absl::StrCat(what, ": ", status.ToString()));
  return Unavailable(status, what);
}

absl::Status DataDamaged(absl::string_view message) {
  ErrorDetails details;
  details.reason = "DATA_DAMAGED";
  return MakeError(absl::StatusCode::kDataLoss, details, message);
}

}  // namespace engram
