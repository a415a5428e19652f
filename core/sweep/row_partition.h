#ifndef ENGRAM_CORE_SWEEP_ROW_PARTITION_H_
#define ENGRAM_CORE_SWEEP_ROW_PARTITION_H_

#include <cstdint>
#include <vector>

#include "core/bank/bank_snapshot.h"

namespace engram {

// Consecutive rows [begin, end) of one segment.
struct RowRange {
  int32_t segment;
  int64_t begin;
  int64_t end;
};

// The rows of a bank in about `chunks` lists of ranges, none of more than `block_rows` rows; in order, each
// row once. A function of its arguments: which thread takes which chunk does not matter.
std::vector<std::vector<RowRange>> PartitionRows(const BankSnapshot& bank, int64_t chunks,
                                                 int64_t block_rows);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_ROW_PARTITION_H_
