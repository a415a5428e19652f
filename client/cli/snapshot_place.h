#ifndef ENGRAM_CLIENT_CLI_SNAPSHOT_PLACE_H_
#define ENGRAM_CLIENT_CLI_SNAPSHOT_PLACE_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "engram/v1/snapshot.pb.h"

namespace engram::cli {

// One of the two places that snapshots are in. Each has a command of its own, with the same commands below.
struct SnapshotPlace {
  v1::SnapshotPlace wire;
  const char* word;  // The command, and what one of them is called: "snapshot".
};
inline constexpr SnapshotPlace kSnapshots = {v1::SNAPSHOT_PLACE_DATA_DIRECTORY, "snapshot"};
inline constexpr SnapshotPlace kBackups = {v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY, "backup"};

// A text about one place: `pattern` with the place's word for each '%'.
inline std::string TextFor(const SnapshotPlace& place, absl::string_view pattern) {
  return absl::StrReplaceAll(pattern, {{"%", place.word}});
}

// What texts call the snapshot `name`: "snapshot 'before'".
inline std::string Title(const SnapshotPlace& place, const std::string& name) {
  return absl::StrCat(place.word, " '", name, "'");
}

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_SNAPSHOT_PLACE_H_
