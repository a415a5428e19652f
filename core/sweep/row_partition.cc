#include "core/sweep/row_partition.h"

#include <algorithm>

namespace engram {

std::vector<std::vector<RowRange>> PartitionRows(const BankSnapshot& bank, int64_t chunks,
                                                 int64_t block_rows) {
  const int64_t rows_per_chunk = (bank.row_count() + chunks - 1) / chunks;
  std::vector<std::vector<RowRange>> partition(1);
  int64_t room = rows_per_chunk;
  for (int32_t s = 0; s < bank.segment_count(); ++s) {
    for (int64_t begin = 0; begin < bank.rows_in_segment(s);) {
      if (room == 0) {
        partition.emplace_back();
        room = rows_per_chunk;
      }
      const int64_t rows = std::min({block_rows, room, bank.rows_in_segment(s) - begin});
      partition.back().push_back({s, begin, begin + rows});
      begin += rows;
      room -= rows;
    }
  }
  return partition;
}

}  // namespace engram
