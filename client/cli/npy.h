#ifndef ENGRAM_CLIENT_CLI_NPY_H_
#define ENGRAM_CLIENT_CLI_NPY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/cli/rows.h"

namespace engram::cli {

// Reads a whole .npy file: one dimension is one row, two are rows and columns; integers, booleans
// and doubles are rounded to float32.
//
// INVALID_ARGUMENT: the header is bad, the array is empty or has more dimensions, or the file does
// not have exactly the bytes that the header promises.
absl::StatusOr<Rows> ParseNpy(absl::string_view contents);

// As ParseNpy, but every element of the array, in order, as a double.
absl::StatusOr<std::vector<double>> ParseNpyNumbers(absl::string_view contents);

// The beginning of a .npy file of float32 [rows, cols], which the numbers follow, row-major.
std::string NpyBeginning(int64_t rows, int64_t cols);

// The beginning of a .npy file of int64 [count].
std::string NpyIdsBeginning(int64_t count);

// A .npy file of float32 [values.size() / cols, cols].
// REQUIRES: cols > 0 and values.size() is a multiple of cols.
std::string ToNpy(absl::Span<const float> values, int64_t cols);

// A .npy file of float64 [values.size()].
std::string ToNpy(absl::Span<const double> values);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_NPY_H_
