#ifndef ENGRAM_SERVER_MATRIX_FILLER_H_
#define ENGRAM_SERVER_MATRIX_FILLER_H_

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/types/span.h"
#include "engram/v1/matrix.pb.h"

namespace engram {

// A wire matrix [rows, cols] that is filled row by row, with at most `rows` rows.
class MatrixFiller {
 public:
  MatrixFiller(int64_t rows, int64_t cols, v1::MatrixEncoding encoding, v1::Matrix* matrix)
      : matrix_(matrix), floats_(encoding == v1::MATRIX_ENCODING_FLOATS) {
    matrix->set_rows(rows);
    matrix->set_cols(cols);
    if (floats_) {
      matrix->mutable_values()->Reserve(static_cast<int>(rows * cols));
    } else {
      matrix->mutable_data()->reserve(rows * cols * sizeof(float));
    }
  }

  void AddRow(absl::Span<const float> row) {
    if (floats_) {
      matrix_->mutable_values()->Add(row.begin(), row.end());
    } else {
      matrix_->mutable_data()->append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
    }
  }

  void AddRounded(absl::Span<const double> row) {
    if (floats_) {
      for (const double number : row)
        matrix_->mutable_values()->AddAlreadyReserved(static_cast<float>(number));
      return;
    }
    std::string* const data = matrix_->mutable_data();
    size_t end = data->size();
    data->resize(end + row.size() * sizeof(float));
    for (const double number : row) {
      const auto rounded = static_cast<float>(number);
      std::memcpy(&(*data)[end], &rounded, sizeof rounded);
      end += sizeof rounded;
    }
  }

 private:
  v1::Matrix* const matrix_;
  const bool floats_;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_MATRIX_FILLER_H_
