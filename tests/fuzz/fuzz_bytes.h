#ifndef ENGRAM_TESTS_FUZZ_FUZZ_BYTES_H_
#define ENGRAM_TESTS_FUZZ_FUZZ_BYTES_H_

#include <cmath>
#include <cstdint>
#include <cstring>

namespace engram::fuzz {

// The bytes of a fuzzer's input; when they are used up, pseudo-random ones that depend on how many they were.
class FuzzBytes {
 public:
  FuzzBytes(const uint8_t* data, size_t size) : data_(data), left_(size), seed_(size) {}

  uint8_t Byte() {
    if (left_ > 0) {
      --left_;
      return *data_++;
    }
    // SplitMix64.
    uint64_t z = seed_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<uint8_t>(z >> 56);
  }

  // In [0, count), for 1 <= count <= 65,536.
  int64_t Below(int64_t count) { return (Byte() | Byte() << 8) % count; }

  // In [-1, 1), a multiple of 2^-7.
  double Small() { return (Byte() - 128) / 128.0; }

  // Any finite float32 within 1e30.
  float Float() {
    uint32_t bits = 0;
    for (int i = 0; i < 4; ++i) bits = bits << 8 | Byte();
    float x = 0;
    std::memcpy(&x, &bits, sizeof(x));
    if (std::abs(x) <= 1e30F) return x;
    bits &= ~uint32_t{0x40000000};  // Takes 2^128 off its magnitude.
    std::memcpy(&x, &bits, sizeof(x));
    return x;
  }

 private:
  const uint8_t* data_;
  size_t left_;
  uint64_t seed_;
};

}  // namespace engram::fuzz

#endif  // ENGRAM_TESTS_FUZZ_FUZZ_BYTES_H_
