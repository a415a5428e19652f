#include "engram/internal/cut_rows.h"

#include <algorithm>

#include "engram/matrix.h"

namespace engram::internal {
namespace {

// Room in a message for everything but rows, ids and payloads.
constexpr int64_t kMessageOverhead = 4096;
// The largest encodings of an id, and of a payload's length.
constexpr int64_t kIdBytes = 10;
constexpr int64_t kPayloadOverhead = 4;

// Rows [begin, end) of a matrix.
v1::Matrix SliceRows(const v1::Matrix& matrix, int64_t begin, int64_t end) {
  v1::Matrix slice;
  slice.set_rows(end - begin);
  slice.set_cols(matrix.cols());
  if (matrix.values_size() > 0) {
    const auto first = matrix.values().begin();
    slice.mutable_values()->Add(first + begin * matrix.cols(), first + end * matrix.cols());
  } else {
    const int64_t row_bytes = matrix.cols() * static_cast<int64_t>(sizeof(float));
    slice.set_data(matrix.data().data() + begin * row_bytes, (end - begin) * row_bytes);
  }
  return slice;
}

template <typename Piece>
void CopyRowsTo(const v1::StoreRequest& request, int64_t begin, int64_t end, Piece* piece) {
  *piece->mutable_patterns() = SliceRows(request.patterns(), begin, end);
  if (request.has_values()) *piece->mutable_values() = SliceRows(request.values(), begin, end);
  if (request.ids_size() > 0)
    piece->mutable_ids()->Add(request.ids().begin() + begin, request.ids().begin() + end);
  for (int64_t i = begin; i < end && request.payloads_size() > 0; ++i) {
    piece->add_payloads(request.payloads(static_cast<int>(i)));
  }
}

}  // namespace

bool CanBeCut(const v1::StoreRequest& request) {
  const int64_t rows = request.patterns().rows();
  const auto matches = [rows](int64_t count) { return count == 0 || count == rows; };
  return ToValues(request.patterns()).ok() && (!request.has_values() || ToValues(request.values()).ok()) &&
         matches(request.values().rows()) && matches(request.ids_size()) && matches(request.payloads_size());
}

int64_t PieceEnd(const v1::StoreRequest& request, int64_t begin, int64_t max_bytes) {
  const int64_t row_bytes =
      (request.patterns().cols() + request.values().cols()) * static_cast<int64_t>(sizeof(float)) + kIdBytes;
  int64_t room = max_bytes - kMessageOverhead;
  int64_t end = begin;
  for (; end < request.patterns().rows(); ++end) {
    room -= row_bytes;
    if (end < request.payloads_size()) {
      room -= static_cast<int64_t>(request.payloads(static_cast<int>(end)).size()) + kPayloadOverhead;
    }
    if (room < 0) break;
  }
  return std::max(end, begin + 1);
}

void CopyRows(const v1::StoreRequest& request, int64_t begin, int64_t end, v1::StoreRequest* piece) {
  CopyRowsTo(request, begin, end, piece);
}

void CopyRows(const v1::StoreRequest& request, int64_t begin, int64_t end,
              v1::BulkStoreRequest::Chunk* piece) {
  CopyRowsTo(request, begin, end, piece);
}

}  // namespace engram::internal
