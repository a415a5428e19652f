#include "server/scan_patterns_call.h"

#include "core/base/status_macros.h"
#include "server/fill_response.h"

namespace engram {

absl::Status ScanPatternsCall::Begin(const grpc::ByteBuffer& request) {
  v1::ScanPatternsRequest message;
  ENGRAM_RETURN_IF_ERROR(ParseMessage(request, &message));
  ENGRAM_ASSIGN_OR_RETURN(const auto bank, parts().FindBank(message.bank(), "bank"));
  ENGRAM_ASSIGN_OR_RETURN(call_, ParseScanPatterns(message));
  bank_ = bank->Pin();
  position_ = bank_->by_id().LowerBound(call_.next_id);
  return absl::OkStatus();
}

void ScanPatternsCall::Continue() {
  const absl::Span<const RowRef> rows = bank_->by_id().rows().subspan(position_);
  const absl::StatusOr<v1::ScanPatternsResponse> response =
      FillScanPatterns(*bank_, rows, call_, parts().limits);
  if (!response.ok()) return End(response.status());
  position_ += response->ids_size();
  Send(*response);
}

}  // namespace engram
