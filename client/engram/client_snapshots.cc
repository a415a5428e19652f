#include <string>
#include <vector>

#include "engram/client.h"

namespace engram {
namespace {

using Progress = std::function<void(int64_t done_bytes, int64_t total_bytes)>;

// Hands on how far a call is, if the message says so.
template <typename Response>
void Report(const Response& message, const Progress& progress) {
  if (!progress || !message.has_progress()) return;
  progress(message.progress().done_bytes(), message.progress().total_bytes());
}

absl::Status EndedEarly() { return absl::InternalError("the server ended the stream without a result"); }

}  // namespace

absl::StatusOr<v1::Snapshot> Client::CreateSnapshot(const v1::CreateSnapshotRequest& request,
                                                    const Progress& progress) const {
  absl::StatusOr<v1::Snapshot> snapshot = EndedEarly();
  const absl::Status status =
      connection_->CreateSnapshot(request, [&](const v1::CreateSnapshotResponse& message) {
        Report(message, progress);
        if (message.has_snapshot()) snapshot = message.snapshot();
        return true;
      });
  if (!status.ok()) return status;
  return snapshot;
}

absl::StatusOr<v1::Snapshot> Client::GetSnapshot(const v1::GetSnapshotRequest& request) const {
  absl::StatusOr<v1::GetSnapshotResponse> response = connection_->GetSnapshot(request);
  if (!response.ok()) return response.status();
  return response->snapshot();
}

absl::StatusOr<std::vector<v1::Snapshot>> Client::ListSnapshots(
    const v1::ListSnapshotsRequest& request) const {
  absl::StatusOr<v1::ListSnapshotsResponse> response = connection_->ListSnapshots(request);
  if (!response.ok()) return response.status();
  return std::vector<v1::Snapshot>(response->snapshots().begin(), response->snapshots().end());
}

absl::StatusOr<std::vector<std::string>> Client::VerifySnapshot(const v1::VerifySnapshotRequest& request,
                                                                const Progress& progress) const {
  absl::StatusOr<std::vector<std::string>> findings = EndedEarly();
  const absl::Status status =
      connection_->VerifySnapshot(request, [&](const v1::VerifySnapshotResponse& message) {
        Report(message, progress);
        if (message.finished()) {
          findings = std::vector<std::string>(message.findings().begin(), message.findings().end());
        }
        return true;
      });
  if (!status.ok()) return status;
  return findings;
}

absl::StatusOr<v1::Bank> Client::RestoreBank(const v1::RestoreBankRequest& request,
                                             const Progress& progress) const {
  absl::StatusOr<v1::Bank> bank = EndedEarly();
  const absl::Status status = connection_->RestoreBank(request, [&](const v1::RestoreBankResponse& message) {
    Report(message, progress);
    if (message.has_bank()) bank = message.bank();
    return true;
  });
  if (!status.ok()) return status;
  return bank;
}

absl::Status Client::DeleteSnapshot(const v1::DeleteSnapshotRequest& request) const {
  return connection_->DeleteSnapshot(request).status();
}

}  // namespace engram
