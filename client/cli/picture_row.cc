#include "client/cli/picture_row.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/cli/table.h"
#include "client/cli/terminal_image.h"

namespace engram::cli {
namespace {

constexpr int64_t kGap = 2;
constexpr int64_t kFrame = 2;
constexpr int64_t kLargestFactor = 4;
// Half blocks lose nothing at one character a pixel; the ramp averages two rows, and needs to be
// twice as wide to show both.
constexpr int64_t kBlocksWidth = 32;
constexpr int64_t kRampWidth = 64;

struct Frame {
  absl::string_view corners[4];
  absl::string_view horizontal;
  absl::string_view vertical;
};

constexpr Frame kAsciiFrame = {{"+", "+", "+", "+"}, "-", "|"};
constexpr Frame kRoundFrame = {{"╭", "╮", "╰", "╯"}, "─", "│"};

std::string Repeat(absl::string_view text, int64_t count) {
  std::string repeated;
  for (int64_t i = 0; i < count; ++i) absl::StrAppend(&repeated, text);
  return repeated;
}

// How many pictures of `width` stand side by side in `columns`.
int64_t CountThatFit(int64_t width, int64_t columns) { return (columns + kGap) / (width + kFrame + kGap); }

GreyImage Fit(const GreyImage& image, int64_t pictures, const Screen& screen) {
  const int64_t width = image.size.width;
  if (CountThatFit(width, screen.columns) == 0) {
    const int64_t room = std::max<int64_t>(screen.columns - kFrame, 1);
    return Shrink(image, (width - 1) / room + 1);
  }
  const int64_t widest = screen.colors == Colors::kNone ? kRampWidth : kBlocksWidth;
  const int64_t together = std::min<int64_t>(pictures, 2);
  int64_t factor = kLargestFactor;
  while (factor > 1 && (width * factor > widest || CountThatFit(width * factor, screen.columns) < together))
    --factor;
  return Magnify(image, factor);
}

std::string TopLine(const std::string& caption, int64_t width, const Frame& frame) {
  const int64_t room = width - 1;
  std::string text = absl::StrCat(" ", caption, " ");
  if (DisplayWidth(text) > room) text.clear();
  return absl::StrCat(frame.corners[0], frame.horizontal, text,
                      Repeat(frame.horizontal, room - DisplayWidth(text)), frame.corners[1]);
}

std::vector<std::string> RenderFramed(const Picture& picture, int64_t pictures, const Screen& screen) {
  const Frame& frame = screen.colors == Colors::kNone ? kAsciiFrame : kRoundFrame;
  const GreyImage image = Fit(picture.image, pictures, screen);
  std::vector<std::string> lines = {TopLine(picture.caption, image.size.width, frame)};
  for (const std::string& line : RenderImage(image, screen.colors)) {
    lines.push_back(absl::StrCat(frame.vertical, line, frame.vertical));
  }
  lines.push_back(
      absl::StrCat(frame.corners[2], Repeat(frame.horizontal, image.size.width), frame.corners[3]));
  return lines;
}

}  // namespace

void PrintPictures(const std::vector<Picture>& pictures, const Screen& screen) {
  std::vector<std::string> row;
  int64_t in_row = 0;
  const auto flush = [&] {
    for (const std::string& line : row) *screen.stream << line << '\n';
    row.clear();
    in_row = 0;
  };
  for (const Picture& picture : pictures) {
    const std::vector<std::string> lines =
        RenderFramed(picture, static_cast<int64_t>(pictures.size()), screen);
    const int64_t width = DisplayWidth(lines.front()) - kFrame;
    if (in_row > 0 && in_row >= CountThatFit(width, screen.columns)) flush();
    row.resize(lines.size());
    for (size_t i = 0; i < lines.size(); ++i)
      absl::StrAppend(&row[i], in_row > 0 ? Repeat(" ", kGap) : "", lines[i]);
    ++in_row;
  }
  flush();
}

}  // namespace engram::cli
