#include "client/cli/svg.h"

#include <cstdint>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"

namespace engram::cli {
namespace {

constexpr char kReplacement[] = "\xEF\xBF\xBD";

// The length in bytes of the UTF-8 character that `text` begins with, and the character; 0 when its first
// byte begins none.
size_t DecodeUtf8(absl::string_view text, uint32_t* character) {
  const auto byte = [text](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t first = byte(0);
  const size_t length = first < 0x80           ? 1
                        : (first >> 5) == 0x6  ? 2
                        : (first >> 4) == 0xE  ? 3
                        : (first >> 3) == 0x1E ? 4
                                               : 0;
  if (length == 0 || length > text.size()) return 0;
  *character = length == 1 ? first : first & (0x7FU >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) >> 6) != 0x2) return 0;
    *character = *character << 6 | (byte(i) & 0x3F);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  return *character < kSmallest[length] ? 0 : length;
}

// The production Char of XML 1.0.
bool IsXmlCharacter(uint32_t c) {
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD) ||
         (c >= 0x10000 && c <= 0x10FFFF);
}

void AppendEscaped(absl::string_view character, std::string* out) {
  switch (character[0]) {
    case '&':
      *out += "&amp;";
      break;
    case '<':
      *out += "&lt;";
      break;
    case '>':
      *out += "&gt;";
      break;
    case '"':
      *out += "&quot;";
      break;
    default:
      absl::StrAppend(out, character);
  }
}

Attributes BoxAttributes(const Box& box) {
  return {{"x", SvgNumber(box.x)},
          {"y", SvgNumber(box.y)},
          {"width", SvgNumber(box.width)},
          {"height", SvgNumber(box.height)}};
}

}  // namespace

std::string EscapeXml(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    uint32_t character = 0;
    const size_t length = DecodeUtf8(text, &character);
    if (length > 0 && IsXmlCharacter(character)) {
      AppendEscaped(text.substr(0, length), &out);
    } else {
      out += kReplacement;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::string SvgNumber(double value) {
  const std::string text = absl::StrFormat("%.2f", value);
  absl::string_view shorter = text;
  while (absl::EndsWith(shorter, "0")) shorter.remove_suffix(1);
  shorter = absl::StripSuffix(shorter, ".");
  return shorter == "-0" ? "0" : std::string(shorter);
}

void Svg::Open(absl::string_view name, const Attributes& geometry, const Attributes& attributes) {
  absl::StrAppend(&text_, "<", name);
  for (const Attributes* list : {&geometry, &attributes}) {
    for (const Attribute& attribute : *list) {
      absl::StrAppend(&text_, " ", attribute.name, "=\"", EscapeXml(attribute.value), "\"");
    }
  }
}

void Svg::Element(absl::string_view name, const Attributes& geometry, const Attributes& attributes) {
  Open(name, geometry, attributes);
  text_ += "/>\n";
}

void Svg::Line(Point from, Point to, const Attributes& attributes) {
  Element("line",
          {{"x1", SvgNumber(from.x)},
           {"y1", SvgNumber(from.y)},
           {"x2", SvgNumber(to.x)},
           {"y2", SvgNumber(to.y)}},
          attributes);
}

void Svg::Polyline(absl::Span<const Point> points, const Attributes& attributes) {
  if (points.size() < 2) return;
  std::string list;
  for (const Point& point : points) {
    absl::StrAppend(&list, list.empty() ? "" : " ", SvgNumber(point.x), ",", SvgNumber(point.y));
  }
  Element("polyline", {{"points", list}, {"fill", "none"}}, attributes);
}

void Svg::Rect(const Box& box, const Attributes& attributes) {
  Element("rect", BoxAttributes(box), attributes);
}

void Svg::Circle(Point centre, double radius, const Attributes& attributes) {
  Element("circle", {{"cx", SvgNumber(centre.x)}, {"cy", SvgNumber(centre.y)}, {"r", SvgNumber(radius)}},
          attributes);
}

void Svg::Path(absl::string_view data, const Attributes& attributes) {
  if (!data.empty()) Element("path", {{"d", std::string(data)}}, attributes);
}

void Svg::Text(Point at, absl::string_view text, const Attributes& attributes) {
  Open("text", {{"x", SvgNumber(at.x)}, {"y", SvgNumber(at.y)}}, attributes);
  absl::StrAppend(&text_, ">", EscapeXml(text), "</text>\n");
}

void Svg::OpenGroup(const Attributes& attributes) {
  Open("g", {}, attributes);
  text_ += ">\n";
  open_.emplace_back("g");
}

void Svg::OpenClip(const Box& box) {
  // A viewport of its own clips without an id, which would have to be unique on a page of several pictures.
  Open("svg", BoxAttributes(box),
       {{"viewBox", absl::StrCat(SvgNumber(box.x), " ", SvgNumber(box.y), " ", SvgNumber(box.width), " ",
                                 SvgNumber(box.height))}});
  text_ += ">\n";
  open_.emplace_back("svg");
}

void Svg::Close() {
  absl::StrAppend(&text_, "</", open_.back(), ">\n");
  open_.pop_back();
}

std::string Svg::ToDocument(double width, double height, absl::string_view title,
                            absl::string_view style) const {
  return absl::StrCat("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"", SvgNumber(width), "\" height=\"",
                      SvgNumber(height), "\" viewBox=\"0 0 ", SvgNumber(width), " ", SvgNumber(height),
                      "\" role=\"img\">\n<title>", EscapeXml(title), "</title>\n<style>", style, "</style>\n",
                      text_, "</svg>\n");
}

}  // namespace engram::cli
