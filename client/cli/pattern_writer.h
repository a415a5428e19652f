#ifndef ENGRAM_CLIENT_CLI_PATTERN_WRITER_H_
#define ENGRAM_CLIENT_CLI_PATTERN_WRITER_H_

#include <cstdint>
#include <optional>

#include "client/cli/context.h"
#include "client/cli/line_table.h"
#include "client/cli/rows.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram::cli {

// Writes the patterns of a scan to standard output as they come, in memory that does not grow with them:
//
//   table  one line a pattern, for people
//   json   one object a line, as `engram store` reads them
//   csv    the numbers of a pattern a line; without rows, the ids, as `store --ids` reads them
//   npy    the numbers; without rows, the ids; after the beginning, which has their count
class PatternWriter {
 public:
  // `context` outlives this object. `has_rows` is false if only ids and payloads come.
  PatternWriter(const Context& context, bool has_rows);

  // Writes the first `count` patterns of `chunk`. REQUIRES: `patterns` has count rows or more, unless there
  // are none; `values` that or none.
  void Write(const v1::ScanPatternsResponse& chunk, const Rows& patterns, const Rows& values, int64_t count);

 private:
  void WriteTableLine(const v1::ScanPatternsResponse& chunk, const Rows& patterns, const Rows& values, int i);
  void WriteJsonLine(const v1::ScanPatternsResponse& chunk, const Rows& patterns, const Rows& values, int i);
  void WriteCsvLine(const v1::ScanPatternsResponse& chunk, const Rows& patterns, int i);
  void WriteNumbers(const v1::ScanPatternsResponse& chunk, const Rows& patterns, int i);

  const Context& context_;
  const bool has_rows_;
  // Made with the first pattern, which tells whether there are values.
  std::optional<LineTable> table_;
};

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PATTERN_WRITER_H_
