#ifndef ENGRAM_CLIENT_CLI_PLANE_VIEW_H_
#define ENGRAM_CLIENT_CLI_PLANE_VIEW_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/bank_probe.h"
#include "client/cli/plot_frame.h"
#include "client/cli/plot_plane.h"

namespace CLI {
class App;
}

namespace engram::cli {

// The flags that say which part of a bank's space a picture shows, as given.
struct PlaneFlags {
  std::vector<uint64_t> ids;
  std::optional<double> margin;
};

void AddPlaneFlags(CLI::App& command, PlaneFlags* flags);

// A pattern that lies in the plane of a picture.
struct ShownPattern {
  // Its place among the bank's patterns.
  size_t index = 0;
  uint64_t id = 0;
  // Its coordinates in the plane.
  Point at;
};

// A rectangle of a plane in the space of a bank's patterns.
struct PlaneView {
  PlotPlane plane;
  std::vector<ShownPattern> shown;
  Axis x;
  Axis y;

  // The points of a grid of `side` by `side` over the rectangle, its edges included: row by row from the
  // lowest y, in a row from the lowest x. [side side, D]. REQUIRES: side >= 2.
  Rows GridPoints(int side, int64_t dim) const;
};

// The rectangle around the patterns in the plane and `others` [n, D], which are projected to it.
// INVALID_ARGUMENT: the bank's dimension is not 2 and there are no ids, or they make no plane.
// NOT_FOUND: the bank has no such id.
absl::StatusOr<PlaneView> MakePlaneView(const PlaneFlags& flags, const BankPatterns& patterns,
                                        const Rows& others);

// Draws the view's patterns as dots, with their ids when there are few.
void DrawPatterns(const PlaneView& view, PlotFrame* frame);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PLANE_VIEW_H_
