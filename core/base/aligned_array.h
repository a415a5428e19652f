#ifndef ENGRAM_CORE_BASE_ALIGNED_ARRAY_H_
#define ENGRAM_CORE_BASE_ALIGNED_ARRAY_H_

#include <cstdint>
#include <memory>
#include <new>
#include <type_traits>

#include "core/base/huge_pages.h"

namespace engram {

// Arrays that begin at a cache line, which vector loads then do not straddle.
constexpr std::align_val_t kCacheLine{64};

struct AlignedDelete {
  template <typename T>
  void operator()(T* array) const {
    ::operator delete[](array, alignment);
  }
  std::align_val_t alignment = kCacheLine;
};

template <typename T>
using AlignedArray = std::unique_ptr<T[], AlignedDelete>;

// Uninitialised: a page of memory is taken from the system when it is first written to, a huge one if the
// array has room for several and the system has them.
template <typename T>
AlignedArray<T> NewAlignedArray(int64_t size) {
  static_assert(std::is_trivially_default_constructible_v<T> && std::is_trivially_destructible_v<T>);
  const auto bytes = static_cast<size_t>(size) * sizeof(T);
  const std::align_val_t alignment = bytes >= kHugePagesFrom ? kHugePage : kCacheLine;
  auto* const array = static_cast<T*>(::operator new[](bytes, alignment));
  if (alignment == kHugePage) AskForHugePages(array, bytes);
  return AlignedArray<T>(array, {alignment});
}

}  // namespace engram

#endif  // ENGRAM_CORE_BASE_ALIGNED_ARRAY_H_
