#ifndef ENGRAM_CLIENT_CLI_PLOT_PLANE_H_
#define ENGRAM_CLIENT_CLI_PLOT_PLANE_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/cli/rows.h"
#include "client/cli/svg.h"

namespace engram::cli {

// A plane in the space of patterns and the coordinates in it: origin + x u + y v with u and v of length 1
// and at right angles, so that distances are those of the space.
class PlotPlane {
 public:
  // All of a space of two dimensions, in its own coordinates.
  static PlotPlane Whole();

  // Through three points [D]: the first is the origin, u points to the second.
  // INVALID_ARGUMENT: they lie on one line.
  static absl::StatusOr<PlotPlane> Through(absl::Span<const float> origin, absl::Span<const float> second,
                                           absl::Span<const float> third);

  // Coordinates of the point of the plane nearest to `row` [D].
  Point ToPlane(absl::Span<const float> row) const;

  // Adds the point with these coordinates to `rows` [n, D].
  void AppendTo(Point point, Rows* rows) const;

 private:
  PlotPlane(std::vector<double> origin, std::vector<double> u, std::vector<double> v);

  std::vector<double> origin_;
  std::vector<double> u_;
  std::vector<double> v_;
};

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PLOT_PLANE_H_
