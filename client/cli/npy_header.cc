#include "client/cli/npy_header.h"

#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace engram::cli {
namespace {

constexpr absl::string_view kMagic("\x93NUMPY", 6);
constexpr absl::string_view kElementTypes = "f4, f8, i1, i2, i4, i8, u1, u2, u4, u8 and b1";

absl::Status HeaderError(absl::string_view problem) {
  return absl::InvalidArgumentError(absl::StrCat(".npy header: ", problem));
}

// Reads the tokens of a Python dictionary literal off the front of a text.
class Literal {
 public:
  explicit Literal(absl::string_view text) : text_(text) {}

  bool Consume(absl::string_view token) {
    text_ = absl::StripLeadingAsciiWhitespace(text_);
    return absl::ConsumePrefix(&text_, token);
  }

  absl::StatusOr<std::string> String() {
    const absl::string_view quote = Consume("'") ? "'" : Consume("\"") ? "\"" : "";
    const size_t end = quote.empty() ? absl::string_view::npos : text_.find(quote);
    if (end == absl::string_view::npos) return Unexpected("a quoted string");
    const std::string value(text_.substr(0, end));
    text_.remove_prefix(end + 1);
    return value;
  }

  absl::StatusOr<bool> Boolean() {
    if (Consume("True")) return true;
    if (Consume("False")) return false;
    return Unexpected("True or False");
  }

  absl::StatusOr<std::vector<int64_t>> Tuple() {
    if (!Consume("(")) return Unexpected("a tuple of sizes");
    std::vector<int64_t> sizes;
    while (!Consume(")")) {
      text_ = absl::StripLeadingAsciiWhitespace(text_);
      size_t digits = 0;
      while (digits < text_.size() && absl::ascii_isdigit(text_[digits])) ++digits;
      int64_t size = 0;
      if (!absl::SimpleAtoi(text_.substr(0, digits), &size)) return Unexpected("a size below 2^63");
      sizes.push_back(size);
      text_.remove_prefix(digits);
      if (!Consume(",") && !absl::StartsWith(text_, ")")) return Unexpected("',' or ')'");
    }
    return sizes;
  }

  absl::Status Unexpected(absl::string_view wanted) const {
    return HeaderError(
        absl::StrCat("expected ", wanted, ", got '", absl::CHexEscape(text_.substr(0, 20)), "'"));
  }

 private:
  absl::string_view text_;
};

absl::Status SetElementType(absl::string_view descr, NpyHeader* header) {
  static constexpr absl::string_view kKnown[] = {"f4", "f8", "i1", "i2", "i4", "i8",
                                                 "u1", "u2", "u4", "u8", "b1"};
  for (absl::string_view known : kKnown) {
    if (descr.size() != 3 || descr.substr(1) != known) continue;
    if (descr[0] != '<' && descr[0] != '>' && descr[0] != '|' && descr[0] != '=') break;
    header->big_endian = descr[0] == '>';
    header->kind = known[0];
    header->element_bytes = known[1] - '0';
    return absl::OkStatus();
  }
  return HeaderError(
      absl::StrCat("got element type '", absl::CHexEscape(descr), "', allowed are ", kElementTypes));
}

absl::Status ParseEntry(absl::string_view key, Literal* literal, NpyHeader* header) {
  if (key == "descr") {
    const absl::StatusOr<std::string> descr = literal->String();
    return descr.ok() ? SetElementType(*descr, header) : descr.status();
  }
  if (key == "fortran_order") {
    const absl::StatusOr<bool> fortran_order = literal->Boolean();
    if (fortran_order.ok()) header->fortran_order = *fortran_order;
    return fortran_order.status();
  }
  if (key == "shape") {
    absl::StatusOr<std::vector<int64_t>> shape = literal->Tuple();
    if (shape.ok()) header->shape = *std::move(shape);
    return shape.status();
  }
  return HeaderError(
      absl::StrCat("got key '", absl::CHexEscape(key), "', allowed are descr, fortran_order and shape"));
}

absl::Status ParseDictionary(absl::string_view text, NpyHeader* header) {
  Literal literal(text);
  if (!literal.Consume("{")) return literal.Unexpected("'{'");
  std::set<std::string> keys;
  while (!literal.Consume("}")) {
    const absl::StatusOr<std::string> key = literal.String();
    if (!key.ok()) return key.status();
    if (!literal.Consume(":")) return literal.Unexpected("':'");
    if (const absl::Status status = ParseEntry(*key, &literal, header); !status.ok()) return status;
    if (!keys.insert(*key).second) return HeaderError(absl::StrCat("got key '", *key, "' twice"));
    if (literal.Consume(",")) continue;
    if (!literal.Consume("}")) return literal.Unexpected("',' or '}'");
    break;
  }
  if (keys.size() != 3) return HeaderError("descr, fortran_order and shape must all be there");
  return absl::OkStatus();
}

}  // namespace

bool HasNpyMagic(absl::string_view contents) { return absl::StartsWith(contents, kMagic); }

absl::StatusOr<NpyHeader> ParseNpyHeader(absl::string_view contents) {
  if (!HasNpyMagic(contents)) return HeaderError("the file does not begin with \\x93NUMPY");
  const size_t version_end = kMagic.size() + 2;
  if (contents.size() < version_end) return HeaderError("the file ends before its version");
  const int version = static_cast<unsigned char>(contents[kMagic.size()]);
  if (version < 1 || version > 3) {
    return HeaderError(absl::StrCat("got version ", version, ", allowed are 1, 2 and 3"));
  }
  const size_t length_bytes = version == 1 ? 2 : 4;
  if (contents.size() < version_end + length_bytes) return HeaderError("the file ends before its length");
  uint64_t length = 0;
  for (size_t i = 0; i < length_bytes; ++i) {
    length |= uint64_t{static_cast<unsigned char>(contents[version_end + i])} << (8 * i);
  }
  const size_t begin = version_end + length_bytes;
  if (length > contents.size() - begin) {
    return HeaderError(absl::StrCat("got a length of ", length, " bytes, the file has ",
                                    contents.size() - begin, " after it"));
  }
  NpyHeader header;
  header.data_offset = static_cast<int64_t>(begin + length);
  if (const absl::Status status = ParseDictionary(contents.substr(begin, length), &header); !status.ok()) {
    return status;
  }
  return header;
}

}  // namespace engram::cli
