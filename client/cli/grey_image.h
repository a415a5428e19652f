#ifndef ENGRAM_CLIENT_CLI_GREY_IMAGE_H_
#define ENGRAM_CLIENT_CLI_GREY_IMAGE_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"

namespace engram::cli {

struct ImageSize {
  int64_t width = 0;
  int64_t height = 0;
};

// The values shown as black and as white.
struct ValueRange {
  double low = 0;
  double high = 1;
};

// An image [height, width], row-major, of levels from 0, black, to 1, white.
struct GreyImage {
  ImageSize size;
  std::vector<double> levels;
};

// The values of a pattern as an image; values outside `range` are clipped to it. Without a range,
// the smallest value is black and the largest white; an image of one value is black.
// REQUIRES: values.size() == size.width * size.height > 0.
GreyImage ToGreyImage(absl::Span<const float> values, ImageSize size, std::optional<ValueRange> range);

// Repeats each pixel `factor` times in both directions. REQUIRES: factor >= 1.
GreyImage Magnify(const GreyImage& image, int64_t factor);

// Averages blocks of factor x factor pixels, smaller at the right and lower edges.
// REQUIRES: factor >= 1.
GreyImage Shrink(const GreyImage& image, int64_t factor);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_GREY_IMAGE_H_
