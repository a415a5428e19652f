#include "server/snapshot_calls.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "core/bank/restore_bank.h"
#include "core/base/status_macros.h"
#include "core/storage/stored_snapshot.h"
#include "server/fill_response.h"
#include "server/fill_snapshot.h"
#include "server/log.h"
#include "server/parse_snapshot.h"

namespace engram {
namespace {

// Makes a snapshot under the name of the call, or else the first of `time` that is free.
absl::StatusOr<SnapshotInfo> Create(const SnapshotCall& call, absl::Time time,
                                    const ProgressVisitor& progress) {
  if (!call.name.empty()) return call.store->Create(call.name, progress);
  for (int number = 1;; ++number) {
    absl::StatusOr<SnapshotInfo> info = call.store->Create(DefaultSnapshotName(time, number), progress);
    if (!absl::IsAlreadyExists(info.status())) return info;
  }
}

}  // namespace

absl::StatusOr<v1::CreateSnapshotResponse> CreateSnapshotCall::Work(const grpc::ByteBuffer& request,
                                                                    const ProgressVisitor& progress) {
  v1::CreateSnapshotRequest message;
  ENGRAM_RETURN_IF_ERROR(ParseMessage(request, &message));
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotCall call, ParseCreateSnapshot(message, parts().snapshots));
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotInfo info, Create(call, parts().clock->Now(), progress));
  LogInfo("snapshot created", {{"snapshot", info.name},
                               {"place", v1::SnapshotPlace_Name(call.place)},
                               {"banks", static_cast<int64_t>(info.banks.size())},
                               {"file_bytes", info.file_bytes}});
  return FillCreateSnapshot(info, call.place, parts().limits);
}

absl::StatusOr<v1::VerifySnapshotResponse> VerifySnapshotCall::Work(const grpc::ByteBuffer& request,
                                                                    const ProgressVisitor& progress) {
  v1::VerifySnapshotRequest message;
  ENGRAM_RETURN_IF_ERROR(ParseMessage(request, &message));
  ENGRAM_ASSIGN_OR_RETURN(const SnapshotCall call,
                          ParseSnapshot(message.name(), "name", message.place(), parts().snapshots));
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<std::string> findings, call.store->Verify(call.name, progress));
  for (const std::string& finding : findings) {
    LogError("snapshot damaged",
             {{"snapshot", call.name}, {"place", v1::SnapshotPlace_Name(call.place)}, {"error", finding}});
  }
  return FillVerifySnapshot(findings, parts().limits);
}

absl::StatusOr<v1::RestoreBankResponse> RestoreBankCall::Work(const grpc::ByteBuffer& request,
                                                              const ProgressVisitor& progress) {
  v1::RestoreBankRequest message;
  ENGRAM_RETURN_IF_ERROR(ParseMessage(request, &message));
  ENGRAM_ASSIGN_OR_RETURN(const RestoreCall call, ParseRestoreBank(message, parts().snapshots));
  ENGRAM_ASSIGN_OR_RETURN(const std::unique_ptr<StoredSnapshot> snapshot,
                          call.snapshot.store->Open(call.snapshot.name));
  parts().uploads->DropStale();
  bool taken = false;
  const auto on_taken = [&] {
    taken = true;
    parts().on_bank_change(call.new_name);
  };
  const absl::StatusOr<std::shared_ptr<MemoryBank>> bank =
      RestoreBank(*snapshot, call.bank, call.new_name, parts().banks, on_taken, progress);
  if (taken) parts().on_bank_change(call.new_name);
  ENGRAM_RETURN_IF_ERROR(bank.status());
  LogInfo("bank restored", {{"bank", call.new_name},
                            {"snapshot", call.snapshot.name},
                            {"place", v1::SnapshotPlace_Name(call.snapshot.place)}});
  v1::RestoreBankResponse response;
  *response.mutable_bank() = FillBank(**bank);
  return response;
}

}  // namespace engram
