#include "client/cli/image_flags.h"

#include <CLI/CLI.hpp>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/cli/exit_code.h"

namespace engram::cli {
namespace {

// Longer sides are a slip of the finger, and their product could overflow.
constexpr int64_t kLongestSide = int64_t{1} << 20;

absl::StatusOr<ImageSize> ParseSize(const std::string& text) {
  const std::vector<std::string> sides = absl::StrSplit(text, absl::ByAnyChar("xX"));
  ImageSize size;
  if (sides.size() == 2 && absl::SimpleAtoi(sides[0], &size.width) &&
      absl::SimpleAtoi(sides[1], &size.height) && size.width > 0 && size.height > 0 &&
      size.width <= kLongestSide && size.height <= kLongestSide) {
    return size;
  }
  return UsageError(absl::StrCat("image size: got '", text, "', allowed is WIDTHxHEIGHT, such as 28x28"));
}

absl::StatusOr<ValueRange> ParseRange(const std::string& text) {
  const std::pair<std::string, std::string> ends = absl::StrSplit(text, absl::MaxSplits(',', 1));
  ValueRange range;
  if (absl::SimpleAtod(ends.first, &range.low) && absl::SimpleAtod(ends.second, &range.high) &&
      std::isfinite(range.high - range.low) && range.low < range.high) {
    return range;
  }
  return UsageError(
      absl::StrCat("--range: got '", text, "', allowed is LOW,HIGH with LOW < HIGH, such as 0,1"));
}

}  // namespace

void AddImageFlags(const std::string& size_flag, CLI::App& command, ImageFlags* flags) {
  command.add_option(size_flag, flags->size, "Draw patterns as images of this size")->type_name("WxH");
  command.add_option("--range", flags->range, "Values drawn black and white [each image's own]")
      ->type_name("LOW,HIGH");
}

absl::StatusOr<std::optional<ImageShape>> ParseImageFlags(const ImageFlags& flags, int64_t dim) {
  if (flags.size.empty()) {
    if (!flags.range.empty()) return UsageError("--range needs a size of the image: say --show WxH");
    return std::nullopt;
  }
  const absl::StatusOr<ImageSize> size = ParseSize(flags.size);
  if (!size.ok()) return size.status();
  ImageShape shape{*size, std::nullopt};
  if (!flags.range.empty()) {
    const absl::StatusOr<ValueRange> range = ParseRange(flags.range);
    if (!range.ok()) return range.status();
    shape.range = *range;
  }
  if (size->width * size->height != dim) {
    return UsageError(absl::StrCat("image size: got ", flags.size, ", which is ", size->width * size->height,
                                   " pixels; the patterns have dimension ", dim));
  }
  return shape;
}

}  // namespace engram::cli
