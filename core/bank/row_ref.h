#ifndef ENGRAM_CORE_BANK_ROW_REF_H_
#define ENGRAM_CORE_BANK_ROW_REF_H_

#include <cstdint>

namespace engram {

// Where a row lies in the segments of a snapshot.
struct RowRef {
  int32_t segment = 0;
  int32_t index = 0;

  friend bool operator==(RowRef a, RowRef b) { return a.segment == b.segment && a.index == b.index; }
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_ROW_REF_H_
