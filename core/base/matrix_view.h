#ifndef ENGRAM_CORE_BASE_MATRIX_VIEW_H_
#define ENGRAM_CORE_BASE_MATRIX_VIEW_H_

#include <cassert>
#include <cstdint>

#include "absl/types/span.h"

namespace engram {

// Somebody else's dense row-major matrix [rows, cols]. Cheap to copy; valid as long as the data is.
template <typename T>
class MatrixView {
 public:
  MatrixView() = default;
  // REQUIRES: `data` holds rows * cols elements.
  MatrixView(T* data, int64_t rows, int64_t cols) : data_(data), rows_(rows), cols_(cols) {}

  int64_t rows() const { return rows_; }
  int64_t cols() const { return cols_; }
  int64_t size() const { return rows_ * cols_; }
  T* data() const { return data_; }

  absl::Span<T> row(int64_t i) const {
    assert(0 <= i && i < rows_);
    return absl::Span<T>(data_ + i * cols_, static_cast<size_t>(cols_));
  }

 private:
  T* data_ = nullptr;
  int64_t rows_ = 0;
  int64_t cols_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_MATRIX_VIEW_H_
