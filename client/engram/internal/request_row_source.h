#ifndef ENGRAM_CLIENT_INTERNAL_REQUEST_ROW_SOURCE_H_
#define ENGRAM_CLIENT_INTERNAL_REQUEST_ROW_SOURCE_H_

#include <cstdint>

#include "engram/internal/cut_rows.h"
#include "engram/row_source.h"

namespace engram::internal {

// The rows of a request.
class RequestRowSource : public RowSource {
 public:
  // `request` outlives this object. REQUIRES: CanBeCut(request).
  explicit RequestRowSource(const v1::StoreRequest& request) : request_(request) {}

  absl::Status Next(int64_t max_bytes, v1::BulkStoreRequest::Chunk* chunk) override {
    if (next_ == request_.patterns().rows()) return absl::OkStatus();
    const int64_t end = PieceEnd(request_, next_, max_bytes);
    CopyRows(request_, next_, end, chunk);
    next_ = end;
    return absl::OkStatus();
  }

 private:
  const v1::StoreRequest& request_;
  int64_t next_ = 0;
};

}  // namespace engram::internal

#endif  // ENGRAM_CLIENT_INTERNAL_REQUEST_ROW_SOURCE_H_
