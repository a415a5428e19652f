#include "core/base/column_sums.h"

#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "core/base/instruction_set.h"

namespace engram {
namespace {

// From so few rows on it is not worth taking sums apart again.
constexpr int64_t kFewRows = 4;

// Adds a double that is a sum of float32 values: a multiple of the smallest of them, so that what is left of
// it after its leading 24 bits, and again, is a float32 value.
void AddDouble(double value, ExactSum* sum) {
  if (std::abs(value) > FLT_MAX) {
    AddDouble(value / 2, sum);
    AddDouble(value / 2, sum);
    return;
  }
  while (value != 0) {
    const auto leading = static_cast<float>(value);
    sum->Add(leading);
    value -= static_cast<double>(leading);
  }
}

uint64_t Bits(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

// next = sums + row; returns 0 if all of it is exact: of an exact sum both differences are exact, and of a
// rounded one the difference from the larger of the two tells the error. They are compared as bits, all at
// once: a loop without branches takes several columns at a time. Zeros of either sign then differ.
ENGRAM_INLINE uint64_t AddLoop(const double* sums, const float* row, int64_t dim, double* next) {
  uint64_t inexact = 0;
  for (int64_t j = 0; j < dim; ++j) {
    const double value = row[j];
    const double sum = sums[j] + value;
    inexact |= (Bits(sum - sums[j]) ^ Bits(value)) | (Bits(sum - value) ^ Bits(sums[j]));
    next[j] = sum;
  }
  return inexact;
}

uint64_t AddPortable(const double* sums, const float* row, int64_t dim, double* next) {
  return AddLoop(sums, row, dim, next);
}
#if defined(__x86_64__)
ENGRAM_TARGET_AVX2 uint64_t AddAvx2(const double* sums, const float* row, int64_t dim, double* next) {
  return AddLoop(sums, row, dim, next);
}
ENGRAM_TARGET_AVX512 uint64_t AddAvx512(const double* sums, const float* row, int64_t dim, double* next) {
  return AddLoop(sums, row, dim, next);
}
#endif

// One adder for each instruction set, best first.
constexpr CompiledLoop<decltype(AddPortable)> kAdders[] = {
#if defined(__x86_64__)
    {HasAvx512, AddAvx512},
    {HasAvx2, AddAvx2},
#endif
    {HasBaseline, AddPortable},
};

// Sums of columns in double precision, for as long as that is exact.
class RunningSums {
 public:
  explicit RunningSums(absl::Span<ExactSum> sums) : sums_(sums), running_(sums.size()), next_(sums.size()) {}

  void AddRow(const float* row) {
    static const auto& best = FirstSupported(absl::MakeConstSpan(kAdders));
    const auto dim = static_cast<int64_t>(running_.size());
    if (best.run(running_.data(), row, dim, next_.data()) != 0) PutAwayInexact(row);
    running_.swap(next_);
  }

  void PutAway() {
    for (size_t j = 0; j < running_.size(); ++j) AddDouble(running_[j], &sums_[j]);
  }

 private:
  static bool IsInexact(double x, double y, double sum) { return sum - x != y || sum - y != x; }

  void PutAwayInexact(const float* row) {
    for (size_t j = 0; j < running_.size(); ++j) {
      const double value = row[j];
      if (!IsInexact(running_[j], value, next_[j])) continue;
      AddDouble(running_[j], &sums_[j]);
      next_[j] = value;
    }
  }

  const absl::Span<ExactSum> sums_;
  std::vector<double> running_;
  std::vector<double> next_;
};

}  // namespace

void AddToColumnSums(MatrixView<const float> rows, absl::Span<ExactSum> sums) {
  if (rows.rows() <= kFewRows) {
    for (int64_t i = 0; i < rows.rows(); ++i) {
      const absl::Span<const float> row = rows.row(i);
      for (size_t j = 0; j < sums.size(); ++j) sums[j].Add(row[j]);
    }
    return;
  }
  RunningSums running(sums);
  for (int64_t i = 0; i < rows.rows(); ++i) running.AddRow(rows.row(i).data());
  running.PutAway();
}

}  // namespace engram
