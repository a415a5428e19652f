#include "client/cli/plot_plane.h"

#include <cmath>
#include <cstddef>
#include <numeric>
#include <utility>

namespace engram::cli {
namespace {

// Relative to the distance of the points: float32 patterns have no more to tell a plane by.
constexpr double kSmallestHeight = 1e-6;

std::vector<double> Difference(absl::Span<const float> a, absl::Span<const float> b) {
  std::vector<double> difference;
  for (size_t i = 0; i < a.size(); ++i)
    difference.push_back(static_cast<double>(a[i]) - static_cast<double>(b[i]));
  return difference;
}

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

double Norm(const std::vector<double>& a) { return std::sqrt(Dot(a, a)); }

void Scale(double factor, std::vector<double>* a) {
  for (double& value : *a) value *= factor;
}

}  // namespace

PlotPlane::PlotPlane(std::vector<double> origin, std::vector<double> u, std::vector<double> v)
    : origin_(std::move(origin)), u_(std::move(u)), v_(std::move(v)) {}

PlotPlane PlotPlane::Whole() { return PlotPlane({0, 0}, {1, 0}, {0, 1}); }

absl::StatusOr<PlotPlane> PlotPlane::Through(absl::Span<const float> origin, absl::Span<const float> second,
                                             absl::Span<const float> third) {
  std::vector<double> u = Difference(second, origin);
  std::vector<double> v = Difference(third, origin);
  const double length = Norm(u);
  const double third_length = Norm(v);
  if (length > 0) Scale(1 / length, &u);
  const double along = Dot(u, v);
  for (size_t i = 0; i < v.size(); ++i) v[i] -= along * u[i];
  const double height = Norm(v);
  if (length == 0 || height <= kSmallestHeight * third_length)
    return absl::InvalidArgumentError("the three patterns lie on one line: there is no plane through them");
  Scale(1 / height, &v);
  return PlotPlane({origin.begin(), origin.end()}, std::move(u), std::move(v));
}

Point PlotPlane::ToPlane(absl::Span<const float> row) const {
  Point point;
  for (size_t i = 0; i < row.size(); ++i) {
    const double offset = static_cast<double>(row[i]) - origin_[i];
    point.x += offset * u_[i];
    point.y += offset * v_[i];
  }
  return point;
}

void PlotPlane::AppendTo(Point point, Rows* rows) const {
  for (size_t i = 0; i < origin_.size(); ++i)
    rows->values.push_back(static_cast<float>(origin_[i] + point.x * u_[i] + point.y * v_[i]));
}

}  // namespace engram::cli
