#ifndef ENGRAM_SERVER_SCAN_PATTERNS_CALL_H_
#define ENGRAM_SERVER_SCAN_PATTERNS_CALL_H_

#include <cstddef>
#include <optional>

#include "core/bank/bank_snapshot.h"
#include "server/parse_request.h"
#include "server/stream_call.h"

namespace engram {

// A ScanPatterns: one version of a bank, chunk by chunk.
class ScanPatternsCall final : public ResponseStreamCall {
 public:
  using ResponseStreamCall::ResponseStreamCall;

 protected:
  absl::Status Begin(const grpc::ByteBuffer& request) override;
  bool done() const override { return position_ == bank_->by_id().rows().size(); }
  void Continue() override;

 private:
  ScanCall call_;
  std::optional<BankSnapshot> bank_;
  size_t position_ = 0;  // In id order, of the next pattern.
};

}  // namespace engram

#endif  // ENGRAM_SERVER_SCAN_PATTERNS_CALL_H_
