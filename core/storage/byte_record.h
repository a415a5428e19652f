#ifndef ENGRAM_CORE_STORAGE_BYTE_RECORD_H_
#define ENGRAM_CORE_STORAGE_BYTE_RECORD_H_

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/string_view.h"

namespace engram {

// Appends numbers to a record, little-endian whatever the machine is.
class ByteWriter {
 public:
  explicit ByteWriter(std::string* record) : record_(record) {}

  void U8(uint8_t x) { record_->push_back(static_cast<char>(x)); }
  void U32(uint32_t x) { Append(x, 4); }
  void U64(uint64_t x) { Append(x, 8); }
  void I64(int64_t x) { U64(static_cast<uint64_t>(x)); }
  void F64(double x) {
    uint64_t bits = 0;
    std::memcpy(&bits, &x, sizeof(bits));
    U64(bits);
  }
  // `text` after its length.
  void Text(absl::string_view text) {
    U32(static_cast<uint32_t>(text.size()));
    record_->append(text.data(), text.size());
  }

 private:
  void Append(uint64_t x, int bytes) {
    for (int i = 0; i < bytes; ++i) U8(static_cast<uint8_t>(x >> (8 * i)));
  }

  std::string* record_;
};

// Takes numbers from a record, which may be any bytes. Past its end everything is 0 or empty and ok() is
// false.
class ByteReader {
 public:
  explicit ByteReader(absl::string_view record) : left_(record) {}

  uint8_t U8() { return static_cast<uint8_t>(Take(1)); }
  uint32_t U32() { return static_cast<uint32_t>(Take(4)); }
  uint64_t U64() { return Take(8); }
  int64_t I64() { return static_cast<int64_t>(U64()); }
  double F64() {
    const uint64_t bits = U64();
    double x = 0;
    std::memcpy(&x, &bits, sizeof(x));
    return x;
  }
  absl::string_view Text() { return Bytes(U32()); }
  absl::string_view Bytes(size_t count) {
    if (count > left_.size()) {
      Fail();
      return {};
    }
    const absl::string_view bytes = left_.substr(0, count);
    left_.remove_prefix(count);
    return bytes;
  }

  bool ok() const { return ok_; }
  absl::string_view left() const { return left_; }
  // Nothing is missing and nothing is left.
  bool IsExact() const { return ok_ && left_.empty(); }

 private:
  uint64_t Take(size_t count) {
    uint64_t x = 0;
    const absl::string_view bytes = Bytes(count);
    for (size_t i = 0; i < bytes.size(); ++i) {
      x |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
    }
    return x;
  }
  void Fail() {
    ok_ = false;
    left_ = {};
  }

  absl::string_view left_;
  bool ok_ = true;
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_BYTE_RECORD_H_
