#include "core/storage/snapshot_store.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace engram {
namespace {

constexpr size_t kMaxNameBytes = 128;

bool IsNameByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
}

}  // namespace

absl::Status CheckSnapshotName(const std::string& name, absl::string_view field) {
  const bool is_valid = !name.empty() && name.size() <= kMaxNameBytes &&
                        absl::ascii_isalnum(static_cast<unsigned char>(name[0])) &&
                        std::all_of(name.begin(), name.end(), IsNameByte) && !absl::EndsWith(name, ".tmp");
  if (is_valid) return absl::OkStatus();
  return InvalidField(
      field,
      absl::StrCat("'", absl::CHexEscape(name.substr(0, kMaxNameBytes)), "' of ", name.size(), " bytes"),
      "[A-Za-z0-9][A-Za-z0-9._-]{0,127}, not ending in '.tmp'");
}

absl::Status CheckNewSnapshotName(const std::string& name) {
  if (absl::StartsWith(name, kUnreadablePrefix)) {
    return InvalidField("name", absl::StrCat("'", absl::CHexEscape(name.substr(0, kMaxNameBytes)), "'"),
                        absl::StrCat("a name that does not begin with '", kUnreadablePrefix,
                                     "', as do those of backups whose name cannot be read"));
  }
  return CheckSnapshotName(name);
}

}  // namespace engram
