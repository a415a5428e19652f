#ifndef ENGRAM_CLIENT_CLI_PLOT_CELL_RUNS_H_
#define ENGRAM_CLIENT_CLI_PLOT_CELL_RUNS_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace engram::cli {

// Neighbouring cells of one row of a grid that have the same label.
struct CellRun {
  int64_t row = 0;
  int64_t col = 0;
  int64_t length = 0;
  int label = 0;
};

// The runs of `labels` [rows, cols], row-major, from left to right and from row to row; cells with a
// negative label are in none. REQUIRES: cols > 0 and labels.size() is a multiple of it.
std::vector<CellRun> FindRuns(absl::Span<const int> labels, int64_t cols);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PLOT_CELL_RUNS_H_
