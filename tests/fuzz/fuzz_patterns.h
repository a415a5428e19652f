#ifndef ENGRAM_TESTS_FUZZ_FUZZ_PATTERNS_H_
#define ENGRAM_TESTS_FUZZ_FUZZ_PATTERNS_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "tests/fuzz/fuzz_bytes.h"

namespace engram::fuzz {

// Patterns and states chosen to break screening: copies, neighbours in the last place, multiples of each
// other, outlier components, ties and any bits at all, of all magnitudes that a bank takes.
class FuzzPatterns {
 public:
  explicit FuzzPatterns(FuzzBytes* bytes)
      : bytes_(*bytes),
        dim_(1 + bytes->Below(70)),
        count_(1 + bytes->Below(400)),
        kinds_(bytes->Byte()),
        magnitude_(std::ldexp(1.0, bytes->Byte() % 120 - 60)) {
    rows_.reserve(dim_ * count_);
    for (int64_t i = 0; i < count_; ++i) AppendRow(i);
  }

  int64_t dim() const { return dim_; }
  int64_t count() const { return count_; }
  // [count, dim]
  const std::vector<float>& rows() const { return rows_; }

  // A state [dim].
  std::vector<double> State() {
    const float* row = rows_.data() + bytes_.Below(count_) * dim_;
    std::vector<double> state(row, row + dim_);
    switch (bytes_.Byte() % 6) {
      case 0:
        break;
      case 1:
        for (double& q : state) q = bytes_.Float();
        break;
      case 2:
        for (double& q : state) q = bytes_.Small() * magnitude_;
        break;
      case 3:
        Add(bytes_.Small(), bytes_.Below(count_), &state);
        break;
      case 4:
        Scale(std::ldexp(1.0, 2 * bytes_.Byte() - 256), &state);
        break;
      default:
        for (double& q : state) q += bytes_.Small() * 0.25 * q;
    }
    return state;
  }

  // A state near `state`, or in its direction.
  std::vector<double> Near(std::vector<double> state) {
    const double distance = std::ldexp(1.0, -(bytes_.Byte() % 50));
    switch (bytes_.Byte() % 3) {
      case 0:
        for (double& q : state) q += bytes_.Small() * distance * q;
        break;
      case 1:
        Add(distance, bytes_.Below(count_), &state);
        break;
      default:
        Scale(std::ldexp(1 + distance, bytes_.Byte() % 16 - 8), &state);
    }
    return state;
  }

 private:
  void Scale(double factor, std::vector<double>* state) {
    for (double& q : *state) q *= factor;
  }
  void Add(double factor, int64_t i, std::vector<double>* state) {
    for (int64_t j = 0; j < dim_; ++j) (*state)[j] += factor * rows_[i * dim_ + j];
  }

  // `x` as a component of a pattern.
  static float Component(double x) { return static_cast<float>(std::clamp(x, -1e30, 1e30)); }

  void AppendRow(int64_t i) {
    // The input says which kinds of rows its bank has, so that banks of one kind are tried, too.
    int kind = bytes_.Byte() % 8;
    if ((kinds_ >> kind & 1) == 0) kind = 4 + kind % 2;
    const int64_t earlier = i == 0 ? 0 : bytes_.Below(i);
    if (i == 0 && kind < 4) kind += 4;
    for (int64_t j = 0; j < dim_; ++j) {
      const float before = i == 0 ? 0 : rows_[earlier * dim_ + j];
      rows_.push_back(kind < 4 ? before : NewComponent(kind));
    }
    ChangeCopy(kind, rows_.data() + i * dim_);
  }

  float NewComponent(int kind) {
    if (kind == 7) return bytes_.Float();
    if (kind == 6) return 0;
    // Of few values there are ties.
    const double coarse = kind == 5 ? 8 : 1;
    return Component(std::round(bytes_.Small() * 128 / coarse) * magnitude_);
  }

  void ChangeCopy(int kind, float* row) {
    const int64_t j = bytes_.Below(dim_);
    if (kind == 1) row[j] = Component(std::nextafter(row[j], std::numeric_limits<float>::infinity()));
    if (kind == 2) {
      const double factor = std::ldexp(1.0, bytes_.Byte() % 16 - 8);
      std::transform(row, row + dim_, row, [=](float x) { return Component(x * factor); });
    }
    if (kind == 3) {
      std::transform(row, row + dim_, row,
                     [this](float x) { return Component(x * (1 + 0x1p-6 * bytes_.Small())); });
    }
    if (kind == 6) row[j] = Component(1e3 * bytes_.Small() * magnitude_);
  }

  FuzzBytes& bytes_;
  const int64_t dim_;
  const int64_t count_;
  const int kinds_;  // Bit k: there are rows of kind k.
  const double magnitude_;
  std::vector<float> rows_;
};

}  // namespace engram::fuzz

#endif  // ENGRAM_TESTS_FUZZ_FUZZ_PATTERNS_H_
