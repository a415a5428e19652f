#include "core/transform/gram_factor.h"

#include <Eigen/Core>
#include <algorithm>
#include <cassert>
#include <cmath>

namespace engram {
namespace {

using Lower = Eigen::Map<const Eigen::MatrixXd, 0, Eigen::OuterStride<>>;

Lower FactorOf(const std::vector<double>& lower, int64_t size, int64_t capacity) {
  return Lower(lower.data(), size, size, Eigen::OuterStride<>(std::max<int64_t>(1, capacity)));
}

Eigen::Map<const Eigen::VectorXd> VectorOf(absl::Span<const double> values) {
  return {values.data(), static_cast<Eigen::Index>(values.size())};
}

}  // namespace

GramFactor::Extension GramFactor::Extend(absl::Span<const double> overlaps, double square) const {
  assert(static_cast<int64_t>(overlaps.size()) == size_);
  Extension extension;
  extension.row.assign(overlaps.begin(), overlaps.end());
  Eigen::Map<Eigen::VectorXd> row(extension.row.data(), size_);
  FactorOf(lower_, size_, capacity_).triangularView<Eigen::Lower>().solveInPlace(row);
  extension.pivot = square - row.squaredNorm();
  return extension;
}

void GramFactor::Append(const Extension& extension) {
  assert(extension.pivot > 0);
  Reserve(size_ + 1);
  for (int64_t j = 0; j < size_; ++j) lower_[j * capacity_ + size_] = extension.row[j];
  lower_[size_ * capacity_ + size_] = std::sqrt(extension.pivot);
  ++size_;
}

void GramFactor::Remove(int64_t at) {
  // Without its row the factor has one entry above the diagonal in each later row; rotations of neighbouring
  // columns take them away.
  const auto entry = [&](int64_t i, int64_t j) -> double& { return lower_[j * capacity_ + i]; };
  for (int64_t j = 0; j < size_; ++j) {
    const int64_t first = std::max(at, j == 0 ? 0 : j - 1);
    for (int64_t i = first; i + 1 < size_; ++i) entry(i, j) = entry(i + 1, j);
  }
  --size_;
  for (int64_t j = at; j < size_; ++j) {
    const double length = std::hypot(entry(j, j), entry(j, j + 1));
    const double cosine = entry(j, j) / length;
    const double sine = entry(j, j + 1) / length;
    for (int64_t i = j; i < size_; ++i) {
      const double left = entry(i, j);
      const double right = entry(i, j + 1);
      entry(i, j) = cosine * left + sine * right;
      entry(i, j + 1) = cosine * right - sine * left;
    }
    entry(j, j) = length;
  }
}

std::vector<double> GramFactor::Combination(const Extension& extension) const {
  std::vector<double> coefficients = extension.row;
  Eigen::Map<Eigen::VectorXd> solution(coefficients.data(), size_);
  FactorOf(lower_, size_, capacity_).transpose().triangularView<Eigen::Upper>().solveInPlace(solution);
  return coefficients;
}

std::vector<double> GramFactor::Minimise(absl::Span<const double> b, double total) const {
  // G w = b - t 1, with t from the sum.
  const Lower factor = FactorOf(lower_, size_, capacity_);
  const Eigen::VectorXd ones = factor.triangularView<Eigen::Lower>().solve(Eigen::VectorXd::Ones(size_));
  const Eigen::VectorXd scaled = factor.triangularView<Eigen::Lower>().solve(VectorOf(b));
  const double t = (ones.dot(scaled) - total) / ones.squaredNorm();
  std::vector<double> weights(size_);
  Eigen::Map<Eigen::VectorXd> solution(weights.data(), size_);
  solution = scaled - t * ones;
  factor.transpose().triangularView<Eigen::Upper>().solveInPlace(solution);
  return weights;
}

void GramFactor::Reserve(int64_t size) {
  if (size <= capacity_) return;
  const int64_t capacity = std::max<int64_t>(16, size + size / 4);
  std::vector<double> lower(capacity * capacity);
  for (int64_t j = 0; j < size_; ++j) {
    std::copy_n(&lower_[j * capacity_], size_, &lower[j * capacity]);
  }
  lower_.swap(lower);
  capacity_ = capacity;
}

}  // namespace engram
