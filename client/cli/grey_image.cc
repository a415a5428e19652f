#include "client/cli/grey_image.h"

#include <algorithm>

namespace engram::cli {
namespace {

ValueRange RangeOf(absl::Span<const float> values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {*low, *high};
}

size_t At(const GreyImage& image, int64_t x, int64_t y) {
  return static_cast<size_t>(y * image.size.width + x);
}

GreyImage Blank(int64_t width, int64_t height) {
  return {{width, height}, std::vector<double>(static_cast<size_t>(width * height))};
}

}  // namespace

GreyImage ToGreyImage(absl::Span<const float> values, ImageSize size, std::optional<ValueRange> range) {
  const ValueRange shown = range.value_or(RangeOf(values));
  GreyImage image = Blank(size.width, size.height);
  const double extent = shown.high - shown.low;
  if (!(extent > 0)) return image;
  for (size_t i = 0; i < values.size(); ++i) {
    image.levels[i] = std::clamp((static_cast<double>(values[i]) - shown.low) / extent, 0.0, 1.0);
  }
  return image;
}

GreyImage Magnify(const GreyImage& image, int64_t factor) {
  GreyImage result = Blank(image.size.width * factor, image.size.height * factor);
  for (int64_t y = 0; y < result.size.height; ++y) {
    for (int64_t x = 0; x < result.size.width; ++x) {
      result.levels[At(result, x, y)] = image.levels[At(image, x / factor, y / factor)];
    }
  }
  return result;
}

GreyImage Shrink(const GreyImage& image, int64_t factor) {
  const auto shrunk = [factor](int64_t length) { return (length - 1) / factor + 1; };
  GreyImage result = Blank(shrunk(image.size.width), shrunk(image.size.height));
  std::vector<int> counts(result.levels.size(), 0);
  for (int64_t y = 0; y < image.size.height; ++y) {
    for (int64_t x = 0; x < image.size.width; ++x) {
      const size_t target = At(result, x / factor, y / factor);
      result.levels[target] += image.levels[At(image, x, y)];
      ++counts[target];
    }
  }
  for (size_t i = 0; i < counts.size(); ++i) result.levels[i] /= counts[i];
  return result;
}

}  // namespace engram::cli
