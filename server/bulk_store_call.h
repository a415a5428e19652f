#ifndef ENGRAM_SERVER_BULK_STORE_CALL_H_
#define ENGRAM_SERVER_BULK_STORE_CALL_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/stream_call.h"
#include "server/uploads.h"

namespace engram {

// A BulkStore: reads a message, does what it says, sends the replies, reads the next. The upload outlives it.
class BulkStoreCall final : public StreamCall<grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>> {
 public:
  BulkStoreCall(grpc::CallbackServerContext* context, const ServiceParts* parts);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;

 private:
  // Does what the message that was read says. An error ends the stream.
  void Serve();
  absl::Status Take(const v1::BulkStoreRequest& request);
  absl::Status Begin(const v1::BulkStoreRequest::Start& start);
  absl::Status Add(v1::BulkStoreRequest::Chunk chunk);
  absl::Status FinishUpload();
  // What it means that the client sends no more.
  absl::Status AtHalfClose() const;
  void Reply(const Upload::Progress& progress);
  void SendReplies();
  // Lets go of the upload, and drops it if it cannot be resumed.
  void BeforeEnd(const absl::Status& status) override;

  bool has_begun() const { return !upload_id_.empty(); }
  // The upload, unless the server has forgotten it; found again for each message, so that an idle stream
  // keeps neither an upload nor a bank alive.
  absl::StatusOr<std::shared_ptr<Upload>> FindUpload() const;

  grpc::ByteBuffer read_;
  std::string bank_;
  std::string upload_id_;
  int64_t row_offset_ = 0;
  int64_t stream_ = 0;              // This stream's number in the upload.
  std::weak_ptr<Upload> attached_;  // The upload; does not keep it alive.
  bool finished_ = false;
  std::deque<v1::BulkStoreResponse> replies_;  // To be sent.
};

}  // namespace engram

#endif  // ENGRAM_SERVER_BULK_STORE_CALL_H_
