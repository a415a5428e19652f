#ifndef ENGRAM_CLIENT_INTERNAL_CUT_ROWS_H_
#define ENGRAM_CLIENT_INTERNAL_CUT_ROWS_H_

#include <cstdint>

#include "engram/v1/associative_memory.pb.h"

// Cutting a StoreRequest that is larger than a message into messages.
namespace engram::internal {

// Whether the request's parts have one entry for each row, so that it can be cut; the server says what is
// wrong with one that has not.
bool CanBeCut(const v1::StoreRequest& request);

// One past the last row of the piece that begins at row `begin` and fits in a message of `max_bytes`; at
// least one row. REQUIRES: CanBeCut(request), begin < request.patterns().rows().
int64_t PieceEnd(const v1::StoreRequest& request, int64_t begin, int64_t max_bytes);

// Copies rows [begin, end) and what goes with them to `piece`, a StoreRequest or a BulkStoreRequest::Chunk.
// REQUIRES: CanBeCut(request).
void CopyRows(const v1::StoreRequest& request, int64_t begin, int64_t end, v1::StoreRequest* piece);
void CopyRows(const v1::StoreRequest& request, int64_t begin, int64_t end,
              v1::BulkStoreRequest::Chunk* piece);

}  // namespace engram::internal

#endif  // ENGRAM_CLIENT_INTERNAL_CUT_ROWS_H_
