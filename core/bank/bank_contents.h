#ifndef ENGRAM_CORE_BANK_BANK_CONTENTS_H_
#define ENGRAM_CORE_BANK_BANK_CONTENTS_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/bank/bank_rows.h"
#include "core/bank/bank_snapshot.h"
#include "core/base/exact_sum.h"
#include "core/storage/journal.h"

namespace engram {

// What the writer of a bank works on: the rows and what is kept about them. Not thread-safe.
class BankContents {
 public:
  // Ids are below this, so that signed languages can hold them.
  static constexpr uint64_t kIdLimit = uint64_t{1} << 63;

  // No patterns, at version 0.
  BankContents(const std::shared_ptr<const BankSettings>& settings, const BankMemory& memory);

  // Bytes of an empty bank's contents and mean.
  static int64_t BytesWithoutRows(const BankSettings& settings);

  const BankRows& rows() const { return rows_; }
  // The newest version, the id that the server assigns next, and the number of patterns.
  BankCounts counts() const { return {version_, rows_.living_count(), next_id_}; }

  // Writes `batch` as born at `version`, with payloads in `payload_memory`; returns where.
  // REQUIRES: there is room and memory; batch.ids are given.
  std::vector<RowRef> Append(const PatternRows& batch, int64_t version, Reservation payload_memory);
  // Has the device copy the rows that came since the last call. MakeState does it too, so that calling this
  // only spreads the work.
  void CopyToDevice() { rows_.CopyToDevice(); }
  // Takes a living row out.
  void Kill(RowRef row, int64_t version);
  // Changes the room or the layout of the rows; returns the old ones. REQUIRES: `rows` has the same living
  // ones.
  BankRows ReplaceRows(BankRows rows) { return std::exchange(rows_, std::move(rows)); }
  void SetVersion(int64_t version, uint64_t next_id);

  // What a snapshot of the newest version shows. The device has all rows of it by then.
  std::shared_ptr<const BankSnapshot::State> MakeState(std::shared_ptr<const BankSettings> settings);

 private:
  BankRows rows_;
  std::vector<ExactSum> sums_;  // Of the living patterns [D].
  int64_t version_ = 0;
  uint64_t next_id_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_BANK_CONTENTS_H_
