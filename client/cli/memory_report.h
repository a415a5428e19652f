#ifndef ENGRAM_CLIENT_CLI_MEMORY_REPORT_H_
#define ENGRAM_CLIENT_CLI_MEMORY_REPORT_H_

#include "client/cli/line_table.h"
#include "client/cli/output.h"
#include "client/cli/rows.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram::cli {

// Memories, one a line, as they are recalled.
class MemoryTable {
 public:
  // `screen` outlives this object.
  explicit MemoryTable(const Screen& screen);

  void Add(const v1::RecallResponse& memory);

 private:
  LineTable table_;
  int64_t count_ = 0;
};

// REQUIRES: `state` has one row, `value` that or none.
Json MemoryJson(const v1::RecallResponse& memory, const Rows& state, const Rows& value);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_MEMORY_REPORT_H_
