#ifndef ENGRAM_CLIENT_INTERNAL_BULK_UPLOAD_H_
#define ENGRAM_CLIENT_INTERNAL_BULK_UPLOAD_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engram/bulk_store.h"
#include "engram/connection.h"
#include "engram/internal/backoff.h"
#include "engram/row_source.h"

namespace engram::internal {

// One upload over as many streams as it takes. No row is sent before the server has named the upload, and
// every chunk is kept until it is acknowledged: a stream that breaks off is followed by one that begins at
// the row that the server reports, so that no row is stored twice and none is asked for twice.
class BulkUpload {
 public:
  // All arguments outlive this object. `progress` may be empty.
  BulkUpload(Connection* connection, const BulkStoreOptions& options, RowSource* source,
             const std::function<void(int64_t)>& progress)
      : connection_(connection),
        options_(options),
        source_(source),
        progress_(progress),
        backoff_(options.retry) {}

  // As Client::BulkStore. REQUIRES: called once.
  absl::StatusOr<BulkStored> Run();

 private:
  // One stream, from its start to its end. OK: the upload is finished.
  absl::Status Attempt();
  absl::Status Start(BulkStoreStream* stream);
  absl::Status SendRows(BulkStoreStream* stream);
  absl::Status Finish(BulkStoreStream* stream);
  // Takes chunks from the source until enough are pending, and hands them to `send`.
  absl::Status FillPending(const std::function<void(std::shared_ptr<const v1::BulkStoreRequest>)>& send);
  // Drops the pending chunks that `reply` acknowledges. INTERNAL: it acknowledges others.
  absl::Status Acknowledge(const v1::BulkStoreResponse& reply);
  // Whether all rows are stored although the last reply did not say so.
  bool IsStored() const;
  absl::Status Describe(const absl::Status& status) const;

  Connection* const connection_;
  const BulkStoreOptions& options_;
  RowSource* const source_;
  const std::function<void(int64_t)>& progress_;
  Backoff backoff_;
  // Empty until the server has named the upload.
  std::string upload_id_;
  // Chunks that are not acknowledged: rows acknowledged_ to taken_.
  std::deque<std::shared_ptr<const v1::BulkStoreRequest>> pending_;
  int64_t acknowledged_ = 0;
  int64_t taken_ = 0;
  bool source_is_empty_ = false;
  bool ids_are_given_ = false;
  bool finish_was_sent_ = false;
  bool finish_was_answered_ = false;
  BulkStored stored_;
};

}  // namespace engram::internal

#endif  // ENGRAM_CLIENT_INTERNAL_BULK_UPLOAD_H_
