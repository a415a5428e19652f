#ifndef ENGRAM_CORE_BANK_BANK_ROWS_H_
#define ENGRAM_CORE_BANK_BANK_ROWS_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/bank/bank_memory.h"
#include "core/bank/bank_snapshot.h"
#include "core/bank/memory_lack.h"
#include "core/bank/segment.h"

namespace engram {

// Where the pattern with an id lies.
using RowIndex = absl::flat_hash_map<uint64_t, RowRef>;

// The segments of a bank and which of their rows exist. A copy shares the segments, so that a change can be
// prepared on a copy and dropped if it fails; of copies of one another only one may write. Not thread-safe.
class BankRows {
 public:
  // No rows, in a new layout. Segments lie in `memory`.
  BankRows(std::shared_ptr<const BankSettings> settings, const BankMemory& memory);

  // Unique in the process; copies share it.
  uint64_t layout_id() const { return layout_id_; }
  const std::vector<std::shared_ptr<Segment>>& segments() const { return segments_; }
  // Rows of each segment that exist, dead ones included.
  const std::vector<int64_t>& segment_rows() const { return segment_rows_; }
  int64_t row_count() const;
  // Largest norm that a row of each segment has or, if it died, had.
  const std::vector<double>& segment_norm_bounds() const { return segment_norm_bounds_; }
  // Rows that have not died.
  int64_t living_count() const { return living_count_; }
  // Largest norm of a row that has not died; 0: there is none. Looks at the segments that lost their largest
  // since the last call.
  double LargestNorm();
  // Bytes of memory that dead rows and their payloads take up.
  int64_t dead_bytes() const;
  int64_t living_bytes() const;
  // Bytes taken from the budget.
  int64_t memory_bytes() const { return memory_bytes_; }
  // Bytes of the device's memory; 0: there is none, or it does not keep these.
  int64_t device_bytes() const { return device_bytes_; }

  // Takes memory until there is room for `count` more rows, on the device too. RESOURCE_EXHAUSTED: the budget
  // or the device's memory is used up, and nothing has changed.
  absl::Status MakeRoom(int64_t count);
  // What is lacking for `count` more rows with payloads of `payload_bytes`.
  MemoryLack LackFor(int64_t count, int64_t payload_bytes) const;
  // Whether there are dead rows, and as many as dropping them could make up for `lack`, on the host and on
  // the device. A bank that has no room for a second copy drops fewer than all.
  bool CouldMakeUpFor(const MemoryLack& lack) const;
  // Bytes of memory that a payload takes up.
  static int64_t PayloadBytes(absl::string_view payload);
  // Memory for payloads, to be given to Append. RESOURCE_EXHAUSTED: the budget is used up.
  absl::StatusOr<Reservation> ReservePayloads(int64_t bytes) const;

  // Writes a row where the next one goes. Its segment keeps the memory of the payload, taken out of
  // `payload_memory`. REQUIRES: MakeRoom made room for it; payload_memory has PayloadBytes(payload).
  RowRef Append(uint64_t id, int64_t born, absl::Span<const float> pattern, absl::Span<const float> value,
                absl::string_view payload, Reservation* payload_memory);
  // Has the device copy the rows that were appended since the last call, each once. To be called before they
  // are published; earlier calls spread the work.
  void CopyToDevice();
  // Marks a living row as lacking from `version` on.
  void Kill(RowRef row, int64_t version);

  // Whether there are segments without living rows.
  bool has_dead_segments() const;
  // The living rows in a new layout of the same segments, but for those without living rows, and where each
  // of them has gone. Takes no memory from the budget. Instead of this, as both may not write.
  struct Compacted;
  Compacted DropDeadSegments() const;

 private:
  // What is left of a segment.
  struct Living {
    double largest_norm = 0;  // Or kStale.
    int64_t count = 0;
    int64_t payload_bytes = 0;
  };

  // Memory of the device for segments of `capacities`. RESOURCE_EXHAUSTED: there is not enough for all, and
  // none is taken.
  absl::StatusOr<std::vector<std::unique_ptr<ResidentSegment>>> ReserveOnDevice(
      absl::Span<const int64_t> capacities) const;
  // Of the payloads of rows that have not died.
  int64_t living_payload_bytes() const;
  // Rows that there is room for.
  int64_t Room() const;

  std::shared_ptr<const BankSettings> settings_;
  BankMemory memory_;
  uint64_t layout_id_;
  std::vector<std::shared_ptr<Segment>> segments_;
  std::vector<int64_t> segment_rows_;
  std::vector<double> segment_norm_bounds_;
  std::vector<Living> living_;  // Of each segment.
  size_t open_ = 0;             // All segments before this one are full.
  size_t copied_ = 0;           // All segments before this one are full and the device has them.
  int64_t payload_bytes_ = 0;   // Of all rows, dead ones included.
  int64_t living_count_ = 0;
  int64_t memory_bytes_ = 0;
  int64_t device_bytes_ = 0;
};

struct BankRows::Compacted {
  BankRows rows;
  RowIndex index;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_BANK_ROWS_H_
