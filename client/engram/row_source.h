#ifndef ENGRAM_CLIENT_ROW_SOURCE_H_
#define ENGRAM_CLIENT_ROW_SOURCE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram {

// Rows to be stored, asked for in order and only as fast as they are sent.
class RowSource {
 public:
  virtual ~RowSource() = default;

  // Sets patterns, values, ids and payloads of `chunk`, which is empty, to the next rows: at least one, and
  // no more than fit in a message of `max_bytes`. Leaves it empty after the last row. An error ends the
  // upload.
  virtual absl::Status Next(int64_t max_bytes, v1::BulkStoreRequest::Chunk* chunk) = 0;
};

}  // namespace engram

#endif  // ENGRAM_CLIENT_ROW_SOURCE_H_
