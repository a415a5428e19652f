#include "server/fill_snapshot.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "server/fill_response.h"
#include "server/message_fits.h"

namespace engram {
namespace {

// Of a finding in a message besides its text, and of what else the message has.
constexpr int64_t kFindingOverhead = 8;
constexpr int64_t kVerifyOverhead = 256;

v1::SnapshotBank FillSnapshotBank(const StoredBank& stored) {
  v1::SnapshotBank wire;
  wire.set_pattern_count(stored.counts.pattern_count);
  wire.set_version(stored.counts.version);
  if (!stored.settings.ok()) {
    wire.set_damage(std::string(stored.settings.status().message()));
    return wire;
  }
  wire.set_name(stored.settings->name);
  wire.set_dim(stored.settings->dim);
  wire.set_value_dim(stored.settings->value_dim);
  wire.set_durability(FillDurability(stored.settings->durability));
  return wire;
}

}  // namespace

v1::Snapshot FillSnapshot(const SnapshotInfo& info, v1::SnapshotPlace place) {
  v1::Snapshot wire;
  wire.set_name(info.name);
  wire.set_place(place);
  const int64_t nanoseconds = absl::ToUnixNanos(info.create_time);
  wire.mutable_create_time()->set_seconds(nanoseconds / 1'000'000'000);
  wire.mutable_create_time()->set_nanos(static_cast<int32_t>(nanoseconds % 1'000'000'000));
  wire.set_file_bytes(info.file_bytes);
  wire.set_bank_count(static_cast<int64_t>(info.banks.size()));
  if (!info.status.ok()) wire.set_damage(std::string(info.status.message()));
  int64_t pattern_count = 0;
  for (const StoredBank& stored : info.banks) {
    pattern_count += stored.counts.pattern_count;
    *wire.add_banks() = FillSnapshotBank(stored);
  }
  wire.set_pattern_count(pattern_count);
  std::stable_sort(wire.mutable_banks()->begin(), wire.mutable_banks()->end(),
                   [](const v1::SnapshotBank& a, const v1::SnapshotBank& b) { return a.name() < b.name(); });
  return wire;
}

v1::SnapshotProgress FillProgress(int64_t done_bytes, int64_t total_bytes) {
  v1::SnapshotProgress wire;
  wire.set_done_bytes(done_bytes);
  wire.set_total_bytes(total_bytes);
  return wire;
}

v1::CreateSnapshotResponse FillCreateSnapshot(const SnapshotInfo& info, v1::SnapshotPlace place,
                                              const Limits& limits) {
  v1::CreateSnapshotResponse response;
  *response.mutable_snapshot() = FillSnapshot(info, place);
  if (!CheckMessageFits(static_cast<int64_t>(response.ByteSizeLong()), limits).ok()) {
    response.mutable_snapshot()->clear_banks();
  }
  return response;
}

absl::StatusOr<v1::GetSnapshotResponse> FillGetSnapshot(const SnapshotInfo& info, v1::SnapshotPlace place,
                                                        const Limits& limits) {
  v1::GetSnapshotResponse response;
  *response.mutable_snapshot() = FillSnapshot(info, place);
  ENGRAM_RETURN_IF_ERROR(CheckMessageFits(static_cast<int64_t>(response.ByteSizeLong()), limits));
  return response;
}

absl::StatusOr<v1::ListSnapshotsResponse> FillListSnapshots(const std::vector<SnapshotInfo>& snapshots,
                                                            v1::SnapshotPlace place, const Limits& limits) {
  v1::ListSnapshotsResponse response;
  for (const SnapshotInfo& info : snapshots) {
    v1::Snapshot* const wire = response.add_snapshots();
    *wire = FillSnapshot(info, place);
    wire->clear_banks();
  }
  ENGRAM_RETURN_IF_ERROR(CheckMessageFits(static_cast<int64_t>(response.ByteSizeLong()), limits));
  return response;
}

v1::VerifySnapshotResponse FillVerifySnapshot(const std::vector<std::string>& findings,
                                              const Limits& limits) {
  v1::VerifySnapshotResponse response;
  response.set_finished(true);
  int64_t bytes = kVerifyOverhead;
  for (const std::string& finding : findings) {
    bytes += static_cast<int64_t>(finding.size()) + kFindingOverhead;
    if (bytes > limits.max_message_bytes) {
      const size_t left = findings.size() - static_cast<size_t>(response.findings_size());
      response.add_findings(absl::StrCat("and ", left, " more"));
      break;
    }
    response.add_findings(finding);
  }
  return response;
}

}  // namespace engram
