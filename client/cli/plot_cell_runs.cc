#include "client/cli/plot_cell_runs.h"

#include <cstddef>

namespace engram::cli {

std::vector<CellRun> FindRuns(absl::Span<const int> labels, int64_t cols) {
  std::vector<CellRun> runs;
  const auto count = static_cast<int64_t>(labels.size());
  for (int64_t begin = 0; begin < count;) {
    const int label = labels[static_cast<size_t>(begin)];
    const int64_t row_end = (begin / cols + 1) * cols;
    int64_t end = begin + 1;
    while (end < row_end && labels[static_cast<size_t>(end)] == label) ++end;
    if (label >= 0) runs.push_back({begin / cols, begin % cols, end - begin, label});
    begin = end;
  }
  return runs;
}

}  // namespace engram::cli
