#ifndef ENGRAM_CLIENT_CLI_MARCHING_SQUARES_H_
#define ENGRAM_CLIENT_CLI_MARCHING_SQUARES_H_

#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "client/cli/svg.h"

namespace engram::cli {

// Values of a function at the nodes of a grid [rows, cols], row-major.
struct Grid {
  int64_t cols = 0;
  std::vector<double> values;

  int64_t rows() const { return cols == 0 ? 0 : static_cast<int64_t>(values.size()) / cols; }
  double at(int64_t row, int64_t col) const { return values[static_cast<size_t>(row * cols + col)]; }
};

// The lines on which the function has the value `level`, interpolated linearly along the edges of the
// grid's cells, in units of cells: (col, row). A closed line ends where it begins. Cells with a corner that
// is not finite have no line; the mean of its corners decides how a saddle's lines pass.
std::vector<std::vector<Point>> LevelLines(const Grid& grid, double level);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_MARCHING_SQUARES_H_
