// A CSV file, or numbers of the command line, are refused or read into whole rows.

#include <cstdint>
#include <cstdlib>

#include "client/cli/csv.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view contents(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<engram::cli::Rows> rows = engram::cli::ParseCsv(contents);
  if (rows.ok() &&
      (rows->cols <= 0 || rows->count() * rows->cols != static_cast<int64_t>(rows->values.size()))) {
    std::abort();
  }
  const absl::StatusOr<std::vector<float>> numbers = engram::cli::ParseNumbers(contents);
  if (numbers.ok() && numbers->empty()) std::abort();
  return 0;
}
