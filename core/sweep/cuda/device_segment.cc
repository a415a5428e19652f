#include "core/sweep/cuda/device_segment.h"

#include <utility>

#include "core/codes/row_code.h"
#include "core/sweep/cuda/memory_parts.h"
#include "core/sweep/cuda/scan_kernels.h"

namespace engram {
namespace {

static_assert(kTileRows == kDeviceTileRows && kUnitBytes == kUnitWords * 4);

constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));

int64_t TileCount(int64_t capacity) { return (capacity + kTileRows - 1) / kTileRows; }

}  // namespace

int64_t DeviceSegment::BytesFor(int64_t capacity, int64_t dim, bool with_patterns) {
  MemoryParts parts(nullptr);
  parts.Take<int8_t>(TileCount(capacity) * TileBytes(dim), kSpareCodeBytes);
  for (int i = 0; i < 3; ++i) parts.Take<float>(capacity);
  for (int i = 0; i < 2; ++i) parts.Take<float>(TileCount(capacity));
  if (with_patterns) parts.Take<float>(capacity * dim);
  return parts.bytes();
}

DeviceSegment::DeviceSegment(int64_t capacity, int64_t dim, bool with_patterns, DeviceBytes memory,
                             Reservation reservation, Reservation pattern_reservation, Gpu* gpu)
    : dim_(dim),
      reservation_(std::move(reservation)),
      pattern_reservation_(std::move(pattern_reservation)),
      memory_(std::move(memory)),
      gpu_(gpu) {
  MemoryParts parts(memory_.as<unsigned char>());
  codes_ = parts.Take<int8_t>(TileCount(capacity) * TileBytes(dim), kSpareCodeBytes);
  scales_ = parts.Take<float>(capacity);
  residuals_ = parts.Take<float>(capacity);
  norms_ = parts.Take<float>(capacity);
  tile_residuals_ = parts.Take<float>(TileCount(capacity));
  tile_norms_ = parts.Take<float>(TileCount(capacity));
  if (with_patterns) patterns_ = parts.Take<float>(capacity * dim);
}

void DeviceSegment::Copy(const Segment& segment, int64_t begin, int64_t end) {
  if (begin == end) return;
  const auto copy_floats = [&](float* to, const float* from, int64_t first, int64_t last) {
    gpu_->uploads()->Copy(to + first, from + first, (last - first) * kFloatBytes,
                          DeviceUploads::Change::kNone);
  };
  // Whole tiles: the rows of one are interleaved. Sweeps do not look at a tile before all its rows exist.
  const int64_t first_tile = begin / kTileRows;
  const int64_t last_tile = TileCount(end);
  const int64_t tile_bytes = TileBytes(dim_);
  gpu_->uploads()->Copy(codes_ + first_tile * tile_bytes, segment.codes() + first_tile * tile_bytes,
                        (last_tile - first_tile) * tile_bytes, DeviceUploads::Change::kSignBytes);
  copy_floats(scales_, segment.scales(), begin, end);
  copy_floats(residuals_, segment.residuals(), begin, end);
  copy_floats(norms_, segment.norm_bounds(), begin, end);
  copy_floats(tile_residuals_, segment.tile_residual_bounds(), first_tile, last_tile);
  copy_floats(tile_norms_, segment.tile_norm_bounds(), first_tile, last_tile);
  if (patterns_ != nullptr) copy_floats(patterns_, segment.patterns(), begin * dim_, end * dim_);
}

DeviceTiles DeviceSegment::tiles(int64_t begin, int64_t tile_count) const {
  DeviceTiles tiles;
  tiles.codes = codes_;
  tiles.scales = scales_;
  tiles.residuals = residuals_;
  tiles.norms = norms_;
  tiles.tile_residuals = tile_residuals_;
  tiles.tile_norms = tile_norms_;
  tiles.patterns = patterns_;
  tiles.begin = begin;
  tiles.end = begin + tile_count;
  return tiles;
}

}  // namespace engram
