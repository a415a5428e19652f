#include "client/cli/fvecs.h"

#include <cstring>

#include "absl/strings/str_cat.h"

namespace engram::cli {
namespace {

constexpr size_t kWordBytes = 4;

uint32_t LoadWord(const char* bytes) {
  uint32_t word = 0;
  for (size_t i = 0; i < kWordBytes; ++i) word |= uint32_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return word;
}

template <typename... Parts>
absl::Status RowError(int64_t row, const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat(".fvecs, row ", row, " (counted from 0): ", parts...));
}

}  // namespace

absl::StatusOr<Rows> ParseFvecs(absl::string_view contents) {
  if (contents.empty()) return absl::InvalidArgumentError(".fvecs: the file is empty");
  Rows rows;
  rows.values.reserve(contents.size() / kWordBytes);
  for (int64_t row = 0; !contents.empty(); ++row) {
    if (contents.size() < kWordBytes) return RowError(row, "the file ends within the row's length");
    const auto cols = static_cast<int32_t>(LoadWord(contents.data()));
    contents.remove_prefix(kWordBytes);
    if (row == 0) rows.cols = cols;
    if (cols <= 0) return RowError(row, "got length ", cols, ", allowed are positive ones");
    if (cols != rows.cols) return RowError(row, "got length ", cols, ", the rows before have ", rows.cols);
    if (contents.size() / kWordBytes < static_cast<size_t>(cols)) {
      return RowError(row, "length ", cols, " does not fit the ", contents.size(), " bytes left in the file");
    }
    for (int32_t i = 0; i < cols; ++i, contents.remove_prefix(kWordBytes)) {
      const uint32_t word = LoadWord(contents.data());
      float value;
      std::memcpy(&value, &word, sizeof value);
      rows.values.push_back(value);
    }
  }
  return rows;
}

}  // namespace engram::cli
