#include "client/cli/terminal_image.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace engram::cli {
namespace {

constexpr absl::string_view kRamp = " .:-=+*#%@";
constexpr absl::string_view kUpperHalf = "▀";
constexpr absl::string_view kPlain = "\x1b[0m";

// The xterm palette has black and white in its colour cube and 24 greys, 8 + 10 i, between them.
int PaletteIndex(int grey) {
  if (grey < 4) return 16;
  if (grey > 246) return 231;
  return 232 + std::clamp((grey - 3) / 10, 0, 23);
}

// The parameters of the escape sequence that sets the foreground ("38") or the background ("48").
std::string ColorCode(absl::string_view ground, double level, Colors colors) {
  const auto grey = static_cast<int>(std::lround(level * 255));
  if (colors == Colors::kPalette) return absl::StrCat(ground, ";5;", PaletteIndex(grey));
  return absl::StrCat(ground, ";2;", grey, ";", grey, ";", grey);
}

std::string RenderBlocks(absl::Span<const double> upper, absl::Span<const double> lower, Colors colors) {
  constexpr absl::string_view kNoBackground = "49";
  std::string line;
  std::string last;
  for (size_t x = 0; x < upper.size(); ++x) {
    const std::string background =
        lower.empty() ? std::string(kNoBackground) : ColorCode("48", lower[x], colors);
    std::string code = absl::StrCat(ColorCode("38", upper[x], colors), ";", background);
    if (code != last) absl::StrAppend(&line, "\x1b[", code, "m");
    last = std::move(code);
    absl::StrAppend(&line, kUpperHalf);
  }
  return absl::StrCat(line, kPlain);
}

std::string RenderRamp(absl::Span<const double> upper, absl::Span<const double> lower) {
  std::string line;
  for (size_t x = 0; x < upper.size(); ++x) {
    const double level = lower.empty() ? upper[x] : (upper[x] + lower[x]) / 2;
    const auto step = static_cast<size_t>(level * static_cast<double>(kRamp.size()));
    line.push_back(kRamp[std::min(step, kRamp.size() - 1)]);
  }
  return line;
}

}  // namespace

std::vector<std::string> RenderImage(const GreyImage& image, Colors colors) {
  std::vector<std::string> lines;
  const auto width = static_cast<size_t>(image.size.width);
  const absl::Span<const double> levels = image.levels;
  for (size_t y = 0; y < static_cast<size_t>(image.size.height); y += 2) {
    const absl::Span<const double> upper = levels.subspan(y * width, width);
    const absl::Span<const double> lower = levels.subspan(std::min((y + 1) * width, levels.size()), width);
    lines.push_back(colors == Colors::kNone ? RenderRamp(upper, lower) : RenderBlocks(upper, lower, colors));
  }
  return lines;
}

}  // namespace engram::cli
