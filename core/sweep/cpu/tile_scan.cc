#include "core/sweep/cpu/tile_scan.h"

#include <algorithm>
#include <array>
#include <thread>
#include <vector>

#include "core/codes/row_code.h"

namespace engram {
namespace {

// The estimates of a block stay in the cache until they are bounded.
constexpr int64_t kMaxBlockTiles = 32;
constexpr int64_t kMaxBlockEstimates = 16384;
constexpr int64_t kMinBlockTiles = 4;

// A chunk of fewer bytes and multiplications is not worth waking a thread for.
constexpr int64_t kMinChunkBytes = int64_t{1} << 19;
constexpr int64_t kMinChunkProducts = int64_t{1} << 23;

// Chunks for each thread, so that one that is late holds up the others for little.
constexpr int64_t kChunksPerThread = 4;

// After so many multiplications, a fraction of a millisecond, other threads get their turn: schedulers let a
// busy thread run for several milliseconds while a call on a small bank waits.
constexpr int64_t kProductsInARow = int64_t{1} << 26;

class Scan {
 public:
  Scan(const BankSnapshot& bank, const TileSequence& tiles, absl::Span<const SweepState> states,
       const Screen& screen, const ScreenKernels& kernels, TileBounds* bounds)
      : bank_(bank), tiles_(tiles), states_(states), screen_(screen), kernels_(kernels), bounds_(bounds) {}

  int64_t ChunkCount(int threads) const {
    const int64_t products = tiles_.tile_count() * kTileRows * bank_.settings().dim;
    const int64_t worth = std::max(products / kMinChunkBytes,
                                   products * static_cast<int64_t>(states_.size()) / kMinChunkProducts);
    const int64_t wanted = std::min(worth, kChunksPerThread * (threads + 1));
    return std::clamp<int64_t>(wanted, 1, std::max<int64_t>(1, tiles_.tile_count()));
  }

  void RunChunk(int64_t chunk, int64_t chunk_count) const {
    const int64_t begin = tiles_.tile_count() * chunk / chunk_count;
    const int64_t end = tiles_.tile_count() * (chunk + 1) / chunk_count;
    const auto batch = static_cast<int64_t>(states_.size());
    const int64_t block = BlockTiles(batch);
    std::vector<float> estimates(block * kTileRows * batch);
    int64_t products = 0;
    for (const TileRange& range : tiles_.Ranges(begin, end, block)) {
      products += range.count * kTileRows * bank_.settings().dim * batch;
      if (products > kProductsInARow) {
        std::this_thread::yield();
        products = 0;
      }
      screen_.Estimate(bank_.segment(range.segment), range.first, range.count, estimates.data());
      Summarize(range, estimates.data());
    }
  }

 private:
  // Tiles that the kernels get at a time.
  int64_t BlockTiles(int64_t batch) const {
    const int64_t by_bytes = kScreenCallBytes / TileBytes(bank_.settings().dim);
    const int64_t by_estimates = kMaxBlockEstimates / (kTileRows * batch);
    return std::clamp(std::min(by_bytes, by_estimates), kMinBlockTiles, kMaxBlockTiles);
  }

  // Bounds the estimates of a block for all states.
  void Summarize(const TileRange& range, const float* estimates) const {
    const Segment& segment = bank_.segment(range.segment);
    const int64_t first_row = range.first * kTileRows;
    const float* residuals = screen_.residuals(segment);
    if (residuals != nullptr) residuals += first_row;
    std::array<uint16_t, kMaxBlockTiles> visible;
    for (size_t b = 0; b < states_.size(); ++b) {
      // Most states of a batch look at the same version.
      if (b == 0 || states_[b].version != states_[b - 1].version) {
        for (int64_t t = 0; t < range.count; ++t) {
          visible[t] = segment.VisibleRows(range.first + t, states_[b].version);
        }
      }
      kernels_.summarize(estimates + b * range.count * kTileRows, residuals,
                         segment.norm_bounds() + first_row, screen_.error(b), visible.data(), range.count,
                         bounds_->uppers(b).data() + range.number);
    }
  }

  const BankSnapshot& bank_;
  const TileSequence& tiles_;
  const absl::Span<const SweepState> states_;
  const Screen& screen_;
  const ScreenKernels& kernels_;
  TileBounds* const bounds_;
};

}  // namespace

TileBounds ScanTiles(const BankSnapshot& bank, const TileSequence& tiles, absl::Span<const SweepState> states,
                     const Screen& screen, const ScreenKernels& kernels, ThreadPool* pool) {
  TileBounds bounds(static_cast<int64_t>(states.size()), tiles.tile_count());
  const Scan scan(bank, tiles, states, screen, kernels, &bounds);
  const int64_t chunks = scan.ChunkCount(pool->thread_count());
  if (chunks == 1) {
    scan.RunChunk(0, 1);
  } else {
    pool->ParallelFor(chunks, [&](int64_t chunk) { scan.RunChunk(chunk, chunks); });
  }
  return bounds;
}

}  // namespace engram
