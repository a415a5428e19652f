#include "core/bank/segment.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "core/bank/id_order.h"
#include "core/base/canonical.h"

namespace engram {
namespace {

// An entry of the bank's index from id to row: a hash table at its emptiest, 16 + 8 + 1 bytes at 7/16 load.
constexpr int64_t kIndexBytesPerRow = 57;

double Norm(absl::Span<const float> pattern) {
  const std::vector<double> exact(pattern.begin(), pattern.end());
  return std::sqrt(BestCanonicalArithmetic().dot(pattern.data(), exact.data(), exact.size()));
}

}  // namespace

int64_t Segment::BytesFor(int64_t capacity, int64_t dim, int64_t value_dim) {
  const int64_t per_row = (dim + value_dim) * static_cast<int64_t>(sizeof(float)) +
                          static_cast<int64_t>(sizeof(Row) + sizeof(Payload)) + kIndexBytesPerRow +
                          IdOrder::kBytesPerRow;
  return capacity * per_row + static_cast<int64_t>(sizeof(Segment));
}

// The arrays are left uninitialised: a page of memory is taken from the system when a row is written to it.
Segment::Segment(int64_t capacity, int64_t dim, int64_t value_dim, Reservation reservation)
    : capacity_(capacity),
      dim_(dim),
      value_dim_(value_dim),
      patterns_(new float[capacity * dim]),
      values_(new float[capacity * value_dim]),
      rows_(std::make_unique<Row[]>(capacity)),
      payloads_(std::make_unique<Payload[]>(capacity)) {
  reservations_.push_back(std::move(reservation));
}

int64_t Segment::memory_bytes() const {
  int64_t bytes = 0;
  for (const Reservation& reservation : reservations_) bytes += reservation.bytes();
  return bytes;
}

void Segment::Write(int64_t i, uint64_t id, int64_t born, absl::Span<const float> pattern,
                    absl::Span<const float> value, absl::string_view payload) {
  assert(0 <= i && i < capacity_);
  assert(static_cast<int64_t>(pattern.size()) == dim_ && static_cast<int64_t>(value.size()) == value_dim_);
  std::copy(pattern.begin(), pattern.end(), patterns_.get() + i * dim_);
  std::copy(value.begin(), value.end(), values_.get() + i * value_dim_);
  if (!payload.empty()) {
    payloads_[i].bytes.reset(new char[payload.size()]);
    payloads_[i].size = static_cast<uint32_t>(payload.size());
    std::copy(payload.begin(), payload.end(), payloads_[i].bytes.get());
  }
  rows_[i].id = id;
  rows_[i].norm = Norm(pattern);
  rows_[i].born = born;
}

}  // namespace engram
