#include "core/bank/segment.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "core/bank/id_order.h"
#include "core/bank/row_ref.h"
#include "core/base/canonical.h"

namespace engram {
namespace {

// An entry of the bank's index from id to row: a hash table at its emptiest, 16 + 1 bytes at 7/16 load. While
// it grows there are two.
constexpr int64_t kIndexBytesPerRow = 39;
static_assert(sizeof(std::pair<const uint64_t, RowRef>) == 16);

constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));

int64_t TileCount(int64_t capacity) { return (capacity + kTileRows - 1) / kTileRows; }

template <typename T>
AlignedArray<T> NewArrayIf(bool wanted, int64_t size) {
  return wanted ? NewAlignedArray<T>(size) : nullptr;
}

}  // namespace

int64_t Segment::BytesFor(int64_t capacity, const BankSettings& settings) {
  const int64_t per_row = (settings.dim + settings.value_dim + 1) * kFloatBytes +
                          static_cast<int64_t>(sizeof(Row) + sizeof(Payload)) + kIndexBytesPerRow +
                          IdOrder::kBytesPerRow;
  const int64_t of_codes =
      settings.screening == Screening::kInt8 ? TileBytes(settings.dim) + 2 * kTileRows * kFloatBytes : 0;
  const int64_t per_tile = of_codes + static_cast<int64_t>(sizeof(Tile)) + 2 * kFloatBytes;
  return capacity * per_row + TileCount(capacity) * per_tile + static_cast<int64_t>(sizeof(Segment));
}

// The arrays are left uninitialised: a page of memory is taken from the system when a row is written to it.
Segment::Segment(int64_t capacity, const BankSettings& settings, Reservation reservation,
                 std::unique_ptr<ResidentSegment> resident)
    : capacity_(capacity),
      dim_(settings.dim),
      value_dim_(settings.value_dim),
      patterns_(NewAlignedArray<float>(capacity * settings.dim)),
      values_(new float[capacity * settings.value_dim]),
      rows_(std::make_unique<Row[]>(capacity)),
      payloads_(std::make_unique<Payload[]>(capacity)),
      tiles_(std::make_unique<Tile[]>(TileCount(capacity))),
      norm_bounds_(NewAlignedArray<float>(capacity)),
      tile_norm_bounds_(NewAlignedArray<float>(TileCount(capacity))),
      tile_residual_bounds_(NewAlignedArray<float>(TileCount(capacity))),
      codes_(NewArrayIf<uint8_t>(settings.screening == Screening::kInt8,
                                 TileCount(capacity) * TileBytes(settings.dim))),
      scales_(NewArrayIf<float>(codes_ != nullptr, capacity)),
      residuals_(NewArrayIf<float>(codes_ != nullptr, capacity)),
      reservation_(std::move(reservation)),
      resident_(std::move(resident)) {}

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
  rows_[i].norm = std::sqrt(BestCanonicalArithmetic().squared_norm(pattern.data(), dim_));
  rows_[i].born = born;
  norm_bounds_[i] = RoundUp(rows_[i].norm);
  RowCode code;
  if (has_codes()) {
    code = EncodeRow(pattern, i % kTileRows, codes_.get() + i / kTileRows * TileBytes(dim_));
    scales_[i] = code.scale;
    residuals_[i] = code.residual;
  }
  AddToTile(i, code.residual);
}

void Segment::AddToTile(int64_t i, float residual) {
  const int64_t t = i / kTileRows;
  if (i % kTileRows == 0) tile_norm_bounds_[t] = tile_residual_bounds_[t] = 0;
  tile_norm_bounds_[t] = std::max(tile_norm_bounds_[t], norm_bounds_[i]);
  tile_residual_bounds_[t] = std::max(tile_residual_bounds_[t], residual);
  tiles_[t].last_born = std::max(tiles_[t].last_born, rows_[i].born);
}

void Segment::CopyToDevice(int64_t end) {
  assert(end <= capacity_);
  if (resident_ == nullptr || end <= copied_rows_) return;
  resident_->Copy(*this, copied_rows_, end);
  copied_rows_ = end;
}

void Segment::MarkDied(int64_t i, int64_t version) {
  rows_[i].died.store(version, std::memory_order_relaxed);
  Tile& tile = tiles_[i / kTileRows];
  tile.last_died.store(version, std::memory_order_relaxed);
  const auto row = static_cast<uint16_t>(1U << (i % kTileRows));
  tile.alive.store(static_cast<uint16_t>(tile.alive.load(std::memory_order_relaxed) & ~row),
                   std::memory_order_release);
}

uint16_t Segment::LookForVisibleRows(int64_t t, int64_t version) const {
  uint16_t visible = 0;
  for (int64_t l = 0; l < kTileRows; ++l) {
    if (VisibleAt(t * kTileRows + l, version)) visible |= static_cast<uint16_t>(1U << l);
  }
  return visible;
}

}  // namespace engram
