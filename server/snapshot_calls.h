#ifndef ENGRAM_SERVER_SNAPSHOT_CALLS_H_
#define ENGRAM_SERVER_SNAPSHOT_CALLS_H_

#include "absl/status/statusor.h"
#include "engram/v1/snapshot.pb.h"
#include "server/progress_call.h"

namespace engram {

// The RPCs on snapshots that read or write all of one.

class CreateSnapshotCall final : public ProgressCall<v1::CreateSnapshotResponse> {
 public:
  using ProgressCall::ProgressCall;

 protected:
  absl::StatusOr<v1::CreateSnapshotResponse> Work(const grpc::ByteBuffer& request,
                                                  const ProgressVisitor& progress) override;
};

class VerifySnapshotCall final : public ProgressCall<v1::VerifySnapshotResponse> {
 public:
  using ProgressCall::ProgressCall;

 protected:
  absl::StatusOr<v1::VerifySnapshotResponse> Work(const grpc::ByteBuffer& request,
                                                  const ProgressVisitor& progress) override;
};

class RestoreBankCall final : public ProgressCall<v1::RestoreBankResponse> {
 public:
  using ProgressCall::ProgressCall;

 protected:
  absl::StatusOr<v1::RestoreBankResponse> Work(const grpc::ByteBuffer& request,
                                               const ProgressVisitor& progress) override;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_SNAPSHOT_CALLS_H_
