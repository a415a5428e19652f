// A .npy file is refused, or read into rows that survive being written and read again.

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "client/cli/npy.h"

namespace {

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view contents(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<engram::cli::Rows> rows = engram::cli::ParseNpy(contents);
  if (!rows.ok()) return 0;
  if (rows->cols <= 0 || rows->values.empty()) std::abort();
  const absl::StatusOr<engram::cli::Rows> again =
      engram::cli::ParseNpy(engram::cli::ToNpy(rows->values, rows->cols));
  if (!again.ok() || again->cols != rows->cols || !SameBits(again->values, rows->values)) std::abort();
  return 0;
}
