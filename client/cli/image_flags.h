#ifndef ENGRAM_CLIENT_CLI_IMAGE_FLAGS_H_
#define ENGRAM_CLIENT_CLI_IMAGE_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/cli/grey_image.h"

namespace CLI {
class App;
}

namespace engram::cli {

// The flags that say how patterns are drawn, as given.
struct ImageFlags {
  std::string size;
  std::string range;
};

// How patterns are drawn, checked against their dimension.
struct ImageShape {
  ImageSize size;
  std::optional<ValueRange> range;

  // REQUIRES: `pattern` has size.width * size.height numbers.
  GreyImage ToImage(absl::Span<const float> pattern) const { return ToGreyImage(pattern, size, range); }
};

// Adds `size_flag` and --range to a command.
void AddImageFlags(const std::string& size_flag, CLI::App& command, ImageFlags* flags);

// Nothing when no size was given. A usage error when the flags are malformed or the size is not that
// of patterns of dimension `dim`.
absl::StatusOr<std::optional<ImageShape>> ParseImageFlags(const ImageFlags& flags, int64_t dim);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_IMAGE_FLAGS_H_
