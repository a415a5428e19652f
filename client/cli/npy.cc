#include "client/cli/npy.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "client/cli/npy_header.h"

namespace engram::cli {
namespace {

// The element that begins at `bytes`, whatever the byte order of this machine.
uint64_t LoadBits(const char* bytes, const NpyHeader& header) {
  uint64_t bits = 0;
  for (int i = 0; i < header.element_bytes; ++i) {
    const int place = header.big_endian ? header.element_bytes - 1 - i : i;
    bits |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * place);
  }
  return bits;
}

template <typename Float, typename Bits>
Float ToFloat(Bits bits) {
  static_assert(sizeof(Float) == sizeof(Bits));
  Float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// Rounds once, to Number.
template <typename Number>
Number ToElement(uint64_t bits, const NpyHeader& header) {
  switch (header.kind) {
    case 'f':
      return header.element_bytes == 4 ? static_cast<Number>(ToFloat<float>(static_cast<uint32_t>(bits)))
                                       : static_cast<Number>(ToFloat<double>(bits));
    case 'i': {
      const int unused = 64 - 8 * header.element_bytes;
      return static_cast<Number>(static_cast<int64_t>(bits << unused) >> unused);
    }
    default:
      return static_cast<Number>(bits);
  }
}

std::string ShapeText(absl::Span<const int64_t> shape) {
  std::string text = "(";
  for (int64_t size : shape) absl::StrAppend(&text, text.size() > 1 ? ", " : "", size);
  return text + ")";
}

// Sets `rows` and `cols` to the shape of the matrix, having checked it against `data_bytes`.
absl::Status FindShape(const NpyHeader& header, uint64_t data_bytes, int64_t* rows, int64_t* cols) {
  const absl::Span<const int64_t> shape = header.shape;
  if (shape.empty() || shape.size() > 2) {
    return absl::InvalidArgumentError(
        absl::StrCat(".npy: got shape ", ShapeText(shape), ", allowed are one and two dimensions"));
  }
  *rows = shape.size() == 2 ? shape[0] : 1;
  *cols = shape.back();
  if (*rows == 0 || *cols == 0) {
    return absl::InvalidArgumentError(absl::StrCat(".npy: got shape ", ShapeText(shape), ", which is empty"));
  }
  // Divided instead of multiplied: the product may overflow.
  const auto element_bytes = static_cast<uint64_t>(header.element_bytes);
  const auto row_elements = static_cast<uint64_t>(*cols);
  const bool fits = data_bytes % element_bytes == 0 && data_bytes / element_bytes % row_elements == 0 &&
                    data_bytes / element_bytes / row_elements == static_cast<uint64_t>(*rows);
  if (!fits) {
    return absl::InvalidArgumentError(absl::StrCat(".npy: shape ", ShapeText(shape), " of ",
                                                   header.element_bytes, "-byte elements does not fit the ",
                                                   data_bytes, " bytes that follow the header"));
  }
  return absl::OkStatus();
}

// Sets `values` to the elements in row-major order and `cols` to the number of columns.
template <typename Number>
absl::Status ParseElements(absl::string_view contents, std::vector<Number>* values, int64_t* cols) {
  const absl::StatusOr<NpyHeader> header = ParseNpyHeader(contents);
  if (!header.ok()) return header.status();
  const absl::string_view data = contents.substr(static_cast<size_t>(header->data_offset));
  int64_t count = 0;
  if (const absl::Status status = FindShape(*header, data.size(), &count, cols); !status.ok()) return status;
  values->resize(static_cast<size_t>(count * *cols));
  const char* next = data.data();
  for (int64_t i = 0; i < count * *cols; ++i, next += header->element_bytes) {
    const int64_t target = header->fortran_order ? i % count * *cols + i / count : i;
    (*values)[static_cast<size_t>(target)] = ToElement<Number>(LoadBits(next, *header), *header);
  }
  return absl::OkStatus();
}

std::string MakeNpy(absl::string_view descr, absl::string_view shape, const void* data, size_t data_bytes) {
  std::string header =
      absl::StrCat("{'descr': '", descr, "', 'fortran_order': False, 'shape': ", shape, ", }");
  // NumPy wants the data to begin at a multiple of 64 and the header to end in a newline.
  constexpr size_t kPrefixBytes = 10;
  header.resize((kPrefixBytes + header.size() + 1 + 63) / 64 * 64 - kPrefixBytes - 1, ' ');
  header.push_back('\n');
  std::string file("\x93NUMPY\x01\x00", 8);
  file.push_back(static_cast<char>(header.size() & 0xff));
  file.push_back(static_cast<char>(header.size() >> 8));
  file += header;
  if (data_bytes > 0) file.append(static_cast<const char*>(data), data_bytes);
  return file;
}

}  // namespace

absl::StatusOr<Rows> ParseNpy(absl::string_view contents) {
  Rows rows;
  if (const absl::Status status = ParseElements(contents, &rows.values, &rows.cols); !status.ok())
    return status;
  return rows;
}

absl::StatusOr<std::vector<double>> ParseNpyNumbers(absl::string_view contents) {
  std::vector<double> numbers;
  int64_t cols = 0;
  if (const absl::Status status = ParseElements(contents, &numbers, &cols); !status.ok()) return status;
  return numbers;
}

std::string NpyBeginning(int64_t rows, int64_t cols) {
  return MakeNpy("<f4", absl::StrCat("(", rows, ", ", cols, ")"), nullptr, 0);
}

std::string NpyIdsBeginning(int64_t count) {
  return MakeNpy("<i8", absl::StrCat("(", count, ",)"), nullptr, 0);
}

std::string ToNpy(absl::Span<const float> values, int64_t cols) {
  const std::string shape = absl::StrCat("(", static_cast<int64_t>(values.size()) / cols, ", ", cols, ")");
  return MakeNpy("<f4", shape, values.data(), values.size() * sizeof(float));
}

std::string ToNpy(absl::Span<const double> values) {
  return MakeNpy("<f8", absl::StrCat("(", values.size(), ",)"), values.data(),
                 values.size() * sizeof(double));
}

}  // namespace engram::cli
