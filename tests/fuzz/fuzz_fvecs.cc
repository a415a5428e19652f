// An .fvecs file is refused, or read into rows that have all of its bytes.

#include <cstdint>
#include <cstdlib>

#include "client/cli/fvecs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view contents(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<engram::cli::Rows> rows = engram::cli::ParseFvecs(contents);
  if (rows.ok() && static_cast<size_t>(4 * rows->count() * (rows->cols + 1)) != size) std::abort();
  return 0;
}
