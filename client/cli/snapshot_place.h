#ifndef ENGRAM_CLIENT_CLI_SNAPSHOT_PLACE_H_
#define ENGRAM_CLIENT_CLI_SNAPSHOT_PLACE_H_

#include <string>

#include "absl/strings/str_cat.h"
#include "engram/v1/snapshot.pb.h"

namespace engram::cli {

// One of the two places that snapshots are in. Each has a command of its own, with the same commands below.
struct SnapshotPlace {
  v1::SnapshotPlace wire;
  const char* word;  // The command, and what one of them is called: "snapshot".
};
inline constexpr SnapshotPlace kSnapshots = {v1::SNAPSHOT_PLACE_DATA_DIRECTORY, "snapshot"};
inline constexpr SnapshotPlace kBackups = {v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY, "backup"};

// What texts call the snapshot `name`: "snapshot 'before'".
inline std::string Title(const SnapshotPlace& place, const std::string& name) {
  return absl::StrCat(place.word, " '", name, "'");
}

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_SNAPSHOT_PLACE_H_
