#ifndef ENGRAM_SERVER_RECALL_STREAM_CALL_H_
#define ENGRAM_SERVER_RECALL_STREAM_CALL_H_

#include <cstdint>
#include <memory>

#include "core/bank/memory_budget.h"
#include "core/engine/recall.h"
#include "server/stream_call.h"

namespace engram {

// A Recall: asks the engine for the next memory once the client has taken the one before.
class RecallStreamCall final : public ResponseStreamCall {
 public:
  using ResponseStreamCall::ResponseStreamCall;

 protected:
  absl::Status Begin(const grpc::ByteBuffer& request) override;
  bool done() const override { return recall_->exhausted() || recall_->memory_count() >= max_memories_; }
  void Continue() override;

 private:
  Reservation reservation_;  // Pays for recall_.
  std::shared_ptr<Recall> recall_;
  int64_t max_memories_ = 0;
  v1::MatrixEncoding encoding_ = v1::MATRIX_ENCODING_BYTES;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_RECALL_STREAM_CALL_H_
