#include "server/scan_cursor.h"

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/bank/memory_bank.h"
#include "core/base/error.h"

namespace engram {
namespace {

constexpr char kPrefix[] = "id-";
constexpr size_t kMaxEchoBytes = 32;

}  // namespace

std::string MakeScanCursor(uint64_t next_id) { return absl::StrCat(kPrefix, absl::Hex(next_id)); }

absl::StatusOr<uint64_t> ParseScanCursor(const std::string& cursor) {
  if (cursor.empty()) return 0;
  uint64_t next_id = 0;
  absl::string_view digits = cursor;
  // Made again and compared, so that one place has one cursor.
  if (absl::ConsumePrefix(&digits, kPrefix) && absl::SimpleHexAtoi(digits, &next_id) &&
      next_id <= MemoryBank::kIdLimit && MakeScanCursor(next_id) == cursor) {
    return next_id;
  }
  return InvalidField("cursor", absl::StrCat("'", absl::CHexEscape(cursor.substr(0, kMaxEchoBytes)), "'"),
                      "nothing, or a next_cursor of a message received earlier");
}

}  // namespace engram
