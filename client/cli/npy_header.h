#ifndef ENGRAM_CLIENT_CLI_NPY_HEADER_H_
#define ENGRAM_CLIENT_CLI_NPY_HEADER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace engram::cli {

// The header of a .npy file: a magic string, a version, and a Python dictionary such as
//
//   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
//
// Source: NumPy Enhancement Proposal 1 and numpy/lib/format.py, versions 1.0, 2.0 and 3.0.
struct NpyHeader {
  bool big_endian = false;
  // 'f' floating point, 'i' signed, 'u' unsigned, 'b' boolean.
  char kind = 'f';
  // Bytes of an element: 1, 2, 4 or 8.
  int element_bytes = 4;
  bool fortran_order = false;
  std::vector<int64_t> shape;
  // Bytes before the first element.
  int64_t data_offset = 0;
};

// True if `contents` begins with the magic string of .npy.
bool HasNpyMagic(absl::string_view contents);

// INVALID_ARGUMENT: not a .npy file, truncated, or of a version or element type that is not read.
absl::StatusOr<NpyHeader> ParseNpyHeader(absl::string_view contents);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_NPY_HEADER_H_
