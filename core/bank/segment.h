#ifndef ENGRAM_CORE_BANK_SEGMENT_H_
#define ENGRAM_CORE_BANK_SEGMENT_H_

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/bank/memory_budget.h"
#include "core/bank/residency.h"
#include "core/base/aligned_array.h"
#include "core/codes/row_code.h"
#include "core/storage/bank_settings.h"

namespace engram {

// A fixed number of rows of a bank, never moved. A row is written once, then published by a snapshot that
// counts it, then perhaps marked as died; so readers need no lock.
//
// Rows belong to tiles of kTileRows consecutive rows. Screening reads whole tiles, all rows of which exist.
//
// Shapes: C rows of capacity, D and V dimensions of patterns and values, T = ceil(C / kTileRows) tiles.
class Segment {
 public:
  static constexpr int64_t kAlive = std::numeric_limits<int64_t>::max();

  // Bytes of a segment without payloads, the share of its rows in the bank's index and id order included.
  static int64_t BytesFor(int64_t capacity, const BankSettings& settings);

  // `reservation` pays for the segment and is given back with it. `resident` is what a device keeps of it;
  // null: none does.
  Segment(int64_t capacity, const BankSettings& settings, Reservation reservation,
          std::unique_ptr<ResidentSegment> resident = nullptr);

  int64_t capacity() const { return capacity_; }
  int64_t dim() const { return dim_; }

  // Patterns [C, D], row-major.
  const float* patterns() const { return patterns_.get(); }
  absl::Span<const float> pattern(int64_t i) const { return {patterns_.get() + i * dim_, size_t(dim_)}; }
  absl::Span<const float> value(int64_t i) const {
    return {values_.get() + i * value_dim_, size_t(value_dim_)};
  }
  absl::string_view payload(int64_t i) const { return {payloads_[i].bytes.get(), payloads_[i].size}; }
  uint64_t id(int64_t i) const { return rows_[i].id; }
  // Euclidean norm of pattern i.
  double norm(int64_t i) const { return rows_[i].norm; }
  // The version that has row i first.
  int64_t born(int64_t i) const { return rows_[i].born; }
  // The version that lacks row i first; kAlive: none does.
  int64_t died(int64_t i) const { return rows_[i].died.load(std::memory_order_relaxed); }
  bool VisibleAt(int64_t i, int64_t version) const { return born(i) <= version && version < died(i); }

  bool has_codes() const { return codes_ != nullptr; }
  // Codes [T, TileBytes(D)] and, for each row, their scales and residual norms [C]; see RowCode. Only if
  // has_codes().
  const uint8_t* codes() const { return codes_.get(); }
  const float* scales() const { return scales_.get(); }
  const float* residuals() const { return residuals_.get(); }
  // Norms [C] in float32, rounded up; the largest of each tile and of its residuals [T], 0 without codes.
  const float* norm_bounds() const { return norm_bounds_.get(); }
  const float* tile_norm_bounds() const { return tile_norm_bounds_.get(); }
  const float* tile_residual_bounds() const { return tile_residual_bounds_.get(); }
  // Bit l: row l of tile t is visible. REQUIRES: all its rows exist.
  uint16_t VisibleRows(int64_t t, int64_t version) const {
    const Tile& tile = tiles_[t];
    // In this order: whoever sees that a row is gone also sees since when.
    const uint16_t alive = tile.alive.load(std::memory_order_acquire);
    const bool is_settled =
        tile.last_born <= version && tile.last_died.load(std::memory_order_relaxed) <= version;
    return is_settled ? alive : LookForVisibleRows(t, version);
  }

  // What a device keeps of the segment, for as long as this lives. Null: none does. The device has all rows
  // that a snapshot shows.
  const ResidentSegment* resident() const { return resident_.get(); }

  // Writes row i. REQUIRES: i was never written; called by the bank's one writer.
  void Write(int64_t i, uint64_t id, int64_t born, absl::Span<const float> pattern,
             absl::Span<const float> value, absl::string_view payload);
  // Has the device, if there is one, copy the rows before row `end` that it has not copied yet. REQUIRES:
  // they were written; called by the bank's one writer before it publishes them.
  void CopyToDevice(int64_t end);
  // Marks row i as lacking from `version` on. Versions before it are not affected, so readers pinned to them
  // may run meanwhile.
  void MarkDied(int64_t i, int64_t version);
  // Bytes that the segment and its payloads took from the budget.
  int64_t memory_bytes() const { return reservation_.bytes(); }
  // Adds what payloads cost to what the segment paid.
  void AddReservation(Reservation reservation) { reservation_.Add(std::move(reservation)); }

 private:
  struct Row {
    uint64_t id = 0;
    double norm = 0;
    int64_t born = kAlive;
    std::atomic<int64_t> died{kAlive};
  };
  struct Payload {
    std::unique_ptr<char[]> bytes;
    uint32_t size = 0;
  };
  // The rows that have not died, and the versions of the last to be born and of the last to die.
  struct Tile {
    int64_t last_born = 0;
    std::atomic<int64_t> last_died{0};
    std::atomic<uint16_t> alive{0xffff};
  };

  // Takes row i, which was just written, into the bounds of its tile.
  void AddToTile(int64_t i, float residual);
  uint16_t LookForVisibleRows(int64_t t, int64_t version) const;

  const int64_t capacity_;
  const int64_t dim_;
  const int64_t value_dim_;
  const AlignedArray<float> patterns_;
  const std::unique_ptr<float[]> values_;
  const std::unique_ptr<Row[]> rows_;
  const std::unique_ptr<Payload[]> payloads_;
  const std::unique_ptr<Tile[]> tiles_;
  const AlignedArray<float> norm_bounds_;
  const AlignedArray<float> tile_norm_bounds_;
  const AlignedArray<float> tile_residual_bounds_;
  // Null without codes.
  const AlignedArray<uint8_t> codes_;
  const AlignedArray<float> scales_;
  const AlignedArray<float> residuals_;
  // Touched by the bank's one writer.
  Reservation reservation_;
  int64_t copied_rows_ = 0;                          // By the device.
  const std::unique_ptr<ResidentSegment> resident_;  // Goes first: it may still read the rows.
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_SEGMENT_H_
