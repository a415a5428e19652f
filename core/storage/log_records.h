#ifndef ENGRAM_CORE_STORAGE_LOG_RECORDS_H_
#define ENGRAM_CORE_STORAGE_LOG_RECORDS_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace engram {

// RocksDB's logs and MANIFESTs, as bytes of any origin.

// The beginning of a log that is whole.
struct WholeRecords {
  size_t bytes = 0;           // Of whole records.
  size_t fragment_bytes = 0;  // Of whole fragments; the one behind them is not.
  uint64_t first_number = 0;  // Of the first record; 0: there is none.
  uint64_t next_number = 0;   // Behind the last one; 0: there is none.
};

WholeRecords FindWholeRecords(absl::string_view log);

// Whether a whole record begins behind `offset`: anywhere in its block, because the length of a damaged one
// says nothing, or among the first fragments of a later block. Bounded work: a block's every byte is tried in
// one block only.
bool RecordBeginsBehind(absl::string_view log, size_t offset);

// Whether what begins at `offset` and ends the log is whole but for its length.
bool OnlyLengthIsWrong(absl::string_view log, size_t offset);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_LOG_RECORDS_H_
