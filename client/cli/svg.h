#ifndef ENGRAM_CLIENT_CLI_SVG_H_
#define ENGRAM_CLIENT_CLI_SVG_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace engram::cli {

// A point in pixels, y downwards.
struct Point {
  double x = 0;
  double y = 0;
};

// A rectangle in pixels; (x, y) is its upper left corner.
struct Box {
  double x = 0;
  double y = 0;
  double width = 0;
  double height = 0;
};

// An attribute of an element. Its value may hold any text.
struct Attribute {
  absl::string_view name;
  std::string value;
};
using Attributes = std::vector<Attribute>;

// `text` with the characters that XML gives a meaning as references; characters that XML 1.0 does not
// allow, and bytes that are not UTF-8, become U+FFFD.
std::string EscapeXml(absl::string_view text);

// At most two decimals, as few as the number needs: "12", "0.5", "-3.25". REQUIRES: finite.
std::string SvgNumber(double value);

// Elements of an SVG 1.1 document, one a line, in the order in which they are drawn. The same calls
// give the same bytes.
class Svg {
 public:
  void Line(Point from, Point to, const Attributes& attributes = {});
  // Nothing for less than two points.
  void Polyline(absl::Span<const Point> points, const Attributes& attributes = {});
  void Rect(const Box& box, const Attributes& attributes = {});
  void Circle(Point centre, double radius, const Attributes& attributes = {});
  // `data` is in the language of the attribute d, such as "M0 0h5v5z". Nothing when it is empty.
  void Path(absl::string_view data, const Attributes& attributes = {});
  void Text(Point at, absl::string_view text, const Attributes& attributes = {});

  // Elements until Close are drawn with these attributes.
  void OpenGroup(const Attributes& attributes);
  // Elements until Close are cut off at the edges of `box`; coordinates stay as they are.
  void OpenClip(const Box& box);
  // Ends what was opened last.
  void Close();

  // Draws all of `other` over this. REQUIRES: everything opened there is closed.
  void Append(const Svg& other) { text_ += other.text_; }

  // The document: what was drawn, on a page of this size in pixels that scales to the room it has.
  // `title` is what a reader that draws nothing says. REQUIRES: everything opened is closed.
  std::string ToDocument(double width, double height, absl::string_view title, absl::string_view style) const;

 private:
  void Open(absl::string_view name, const Attributes& geometry, const Attributes& attributes);
  void Element(absl::string_view name, const Attributes& geometry, const Attributes& attributes);

  std::string text_;
  std::vector<absl::string_view> open_;
};

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_SVG_H_
