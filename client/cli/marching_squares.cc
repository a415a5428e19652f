#include "client/cli/marching_squares.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>

namespace engram::cli {
namespace {

// Marching squares: each cell joins the edges on which the level is crossed; segments of neighbouring
// cells share an edge, which makes them one line.

// A cell's edges, clockwise from the top.
enum Side { kTop, kRight, kBottom, kLeft };

// An edge of the grid: 2 (row cols + col) to the right of that node, one more downwards from it.
using Edge = int64_t;
constexpr Edge kNone = -1;

class LineTracer {
 public:
  LineTracer(const Grid& grid, double level)
      : grid_(grid), level_(level), neighbours_(2 * grid.values.size(), {kNone, kNone}) {}

  std::vector<std::vector<Point>> Trace() {
    for (int64_t row = 0; row + 1 < grid_.rows(); ++row) {
      for (int64_t col = 0; col + 1 < grid_.cols; ++col) AddCell(row, col);
    }
    std::vector<std::vector<Point>> lines;
    const auto edges = static_cast<Edge>(neighbours_.size());
    // Open lines first, from one of their ends; what is left is closed.
    for (Edge edge = 0; edge < edges; ++edge) {
      if (Degree(edge) == 1) lines.push_back(Follow(edge));
    }
    for (Edge edge = 0; edge < edges; ++edge) {
      if (Degree(edge) > 0) lines.push_back(Follow(edge));
    }
    return lines;
  }

 private:
  std::array<Edge, 2>& NeighboursOf(Edge edge) { return neighbours_[static_cast<size_t>(edge)]; }

  int Degree(Edge edge) {
    const std::array<Edge, 2>& neighbours = NeighboursOf(edge);
    return (neighbours[0] == kNone ? 0 : 1) + (neighbours[1] == kNone ? 0 : 1);
  }

  Edge EdgeAt(int64_t row, int64_t col, Side side) const {
    const int64_t node = row * grid_.cols + col;
    switch (side) {
      case kTop:
        return 2 * node;
      case kRight:
        return 2 * (node + 1) + 1;
      case kBottom:
        return 2 * (node + grid_.cols);
      case kLeft:
        return 2 * node + 1;
    }
    return kNone;
  }

  void Join(int64_t row, int64_t col, Side a, Side b) {
    const Edge from = EdgeAt(row, col, a);
    const Edge to = EdgeAt(row, col, b);
    for (const auto& [edge, other] : {std::pair(from, to), std::pair(to, from)}) {
      std::array<Edge, 2>& neighbours = NeighboursOf(edge);
      neighbours[neighbours[0] == kNone ? 0 : 1] = other;
    }
  }

  void AddCell(int64_t row, int64_t col) {
    // Clockwise from the upper left, so that side i joins corners i and i + 1.
    const std::array<double, 4> corners = {grid_.at(row, col), grid_.at(row, col + 1),
                                           grid_.at(row + 1, col + 1), grid_.at(row + 1, col)};
    if (!std::all_of(corners.begin(), corners.end(), [](double value) { return std::isfinite(value); }))
      return;
    const auto is_above = [&](size_t corner) { return corners[corner % 4] >= level_; };
    std::vector<Side> crossed;
    for (size_t side = 0; side < 4; ++side) {
      if (is_above(side) != is_above(side + 1)) crossed.push_back(static_cast<Side>(side));
    }
    if (crossed.size() == 2) Join(row, col, crossed[0], crossed[1]);
    if (crossed.size() < 4) return;
    const double mean = (corners[0] + corners[1] + corners[2] + corners[3]) / 4;
    // The middle belongs with the upper left corner, or with its neighbours.
    if ((mean >= level_) == is_above(0)) {
      Join(row, col, kTop, kRight);
      Join(row, col, kBottom, kLeft);
    } else {
      Join(row, col, kLeft, kTop);
      Join(row, col, kRight, kBottom);
    }
  }

  // Where the level is crossed on `edge`.
  Point CrossingAt(Edge edge) const {
    const int64_t row = edge / 2 / grid_.cols;
    const int64_t col = edge / 2 % grid_.cols;
    const bool is_down = edge % 2 == 1;
    const double from = grid_.at(row, col);
    const double to = is_down ? grid_.at(row + 1, col) : grid_.at(row, col + 1);
    const double share = (level_ - from) / (to - from);
    return {static_cast<double>(col) + (is_down ? 0 : share),
            static_cast<double>(row) + (is_down ? share : 0)};
  }

  // Removes the line that passes `start` and returns it.
  std::vector<Point> Follow(Edge start) {
    std::vector<Point> line = {CrossingAt(start)};
    for (Edge edge = start; Degree(edge) > 0;) {
      Edge& next = NeighboursOf(edge)[0] != kNone ? NeighboursOf(edge)[0] : NeighboursOf(edge)[1];
      const Edge other = std::exchange(next, kNone);
      std::array<Edge, 2>& back = NeighboursOf(other);
      back[back[0] == edge ? 0 : 1] = kNone;
      line.push_back(CrossingAt(other));
      edge = other;
    }
    return line;
  }

  const Grid& grid_;
  const double level_;
  std::vector<std::array<Edge, 2>> neighbours_;
};

}  // namespace

std::vector<std::vector<Point>> LevelLines(const Grid& grid, double level) {
  return LineTracer(grid, level).Trace();
}

}  // namespace engram::cli
