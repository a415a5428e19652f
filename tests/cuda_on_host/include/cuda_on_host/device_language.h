#ifndef ENGRAM_TESTS_CUDA_ON_HOST_INCLUDE_CUDA_ON_HOST_DEVICE_LANGUAGE_H_
#define ENGRAM_TESTS_CUDA_ON_HOST_INCLUDE_CUDA_ON_HOST_DEVICE_LANGUAGE_H_

// The language of kernels: its qualifiers, its variables, and what the threads of a block do together.
//
// Every thread runs by itself: a warp has no lockstep, and only a barrier or a warp's operation lets one
// thread wait for another. Blocks run one after another, so a block that waits for another one hangs.
// Barriers in divergent code, lanes that never come and threads that return too early stop the process with a
// message.

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "cuda_on_host/vector_types.h"

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
// One copy for all blocks, filled with 0xCD before each one: the section tells where they all lie. Only g++
// is deaf to the attribute within templates: there a block finds what the block before it left. What has to
// be found there goes into dynamic shared memory.
#define __shared__ static __attribute__((section("engram_cuda_shared")))

extern uint3 threadIdx;
extern uint3 blockIdx;
extern dim3 blockDim;
extern dim3 gridDim;
constexpr int warpSize = 32;

namespace engram::cuda_on_host {

// A place in a kernel. Here() as a default argument is the place of the call.
struct Site {
  const char* file;
  int line;
  static constexpr Site Here(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
    return {file, line};
  }
};

// The block's dynamic shared memory, aligned to 1024 bytes and full of 0xCD when the block starts.
void* DynamicSharedMemory();

enum class WarpOperation {
  kSync,
  kShuffle,
  kShuffleUp,
  kShuffleDown,
  kShuffleXor,
  kBallot,
  kAny,
  kAll,
  kReduceAdd,
  kReduceMin,
  kReduceMax,
};

// Waits for the lanes of `mask`. What they brought:
struct LaneValues {
  unsigned lanes;          // Those of the mask that the block has.
  const uint64_t* values;  // [32], garbage for other lanes. Valid until the thread's next operation.
};
LaneValues MeetLanes(WarpOperation operation, unsigned mask, uint64_t value, Site site);

// Waits for the block's threads; then for how many of them `value` is true.
struct BarrierVote {
  int yes;
  int all;
};
BarrierVote MeetBlock(bool value, Site site);

int LaneOfThisThread();

// Lets other threads go first, or not, as the schedule says: called where threads can see each other's
// writes.
void Interleave();

template <typename T>
uint64_t ToBits(T value) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  return bits;
}
template <typename T>
T FromBits(uint64_t bits) {
  T value;
  std::memcpy(&value, &bits, sizeof(T));
  return value;
}

// The value of lane `source`, or this thread's own if `is_own`.
template <typename T>
T Shuffle(WarpOperation operation, unsigned mask, T value, int source, bool is_own, Site site) {
  const LaneValues met = MeetLanes(operation, mask, ToBits(value), site);
  return is_own ? value : FromBits<T>(met.values[source]);
}

template <typename T, typename Combine>
T Reduce(WarpOperation operation, unsigned mask, T value, const Combine& combine, Site site) {
  static_assert(std::is_same_v<T, int> || std::is_same_v<T, unsigned>, "CUDA has it for 32 bits only");
  const LaneValues met = MeetLanes(operation, mask, ToBits(value), site);
  T result = value;
  for (int lane = 0; lane < warpSize; ++lane) {
    const bool is_other = lane != LaneOfThisThread();
    if (is_other && (met.lanes >> lane & 1) != 0) result = combine(result, FromBits<T>(met.values[lane]));
  }
  return result;
}

// The lanes for which `predicate` is true, and the lanes that were asked.
struct Ballot {
  unsigned yes;
  unsigned all;
};
inline Ballot TakeBallot(WarpOperation operation, unsigned mask, bool predicate, Site site) {
  const LaneValues met = MeetLanes(operation, mask, ToBits(predicate), site);
  unsigned yes = 0;
  for (int lane = 0; lane < warpSize; ++lane) {
    if ((met.lanes >> lane & 1) != 0 && met.values[lane] != 0) yes |= 1u << lane;
  }
  return {yes, met.lanes};
}

}  // namespace engram::cuda_on_host

// Barriers of the block.

inline void __syncthreads(engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  engram::cuda_on_host::MeetBlock(true, site);
}
inline int __syncthreads_count(int predicate,
                               engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  return engram::cuda_on_host::MeetBlock(predicate != 0, site).yes;
}
inline int __syncthreads_or(int predicate,
                            engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  return engram::cuda_on_host::MeetBlock(predicate != 0, site).yes != 0;
}
inline int __syncthreads_and(int predicate,
                             engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  const engram::cuda_on_host::BarrierVote vote = engram::cuda_on_host::MeetBlock(predicate != 0, site);
  return vote.yes == vote.all;
}

// Operations of a warp.

inline void __syncwarp(unsigned mask = 0xffffffff,
                       engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  engram::cuda_on_host::MeetLanes(engram::cuda_on_host::WarpOperation::kSync, mask, 0, site);
}

template <typename T>
T __shfl_sync(unsigned mask, T value, int source, int width = warpSize,
              engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  const int first = engram::cuda_on_host::LaneOfThisThread() & ~(width - 1);
  return engram::cuda_on_host::Shuffle(engram::cuda_on_host::WarpOperation::kShuffle, mask, value,
                                       first + (source & (width - 1)), false, site);
}
template <typename T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                 engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  const int lane = engram::cuda_on_host::LaneOfThisThread();
  const int source = lane - static_cast<int>(delta);
  return engram::cuda_on_host::Shuffle(engram::cuda_on_host::WarpOperation::kShuffleUp, mask, value, source,
                                       source < (lane & ~(width - 1)), site);
}
template <typename T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = warpSize,
                   engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  const int lane = engram::cuda_on_host::LaneOfThisThread();
  const int source = lane + static_cast<int>(delta);
  return engram::cuda_on_host::Shuffle(engram::cuda_on_host::WarpOperation::kShuffleDown, mask, value, source,
                                       source > (lane | (width - 1)), site);
}
template <typename T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = warpSize,
                  engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  const int lane = engram::cuda_on_host::LaneOfThisThread();
  const int source = lane ^ lane_mask;
  return engram::cuda_on_host::Shuffle(engram::cuda_on_host::WarpOperation::kShuffleXor, mask, value, source,
                                       source > (lane | (width - 1)), site);
}

inline unsigned __ballot_sync(unsigned mask, int predicate,
                              engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  return engram::cuda_on_host::TakeBallot(engram::cuda_on_host::WarpOperation::kBallot, mask, predicate != 0,
                                          site)
      .yes;
}
inline int __any_sync(unsigned mask, int predicate,
                      engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  return engram::cuda_on_host::TakeBallot(engram::cuda_on_host::WarpOperation::kAny, mask, predicate != 0,
                                          site)
             .yes != 0;
}
inline int __all_sync(unsigned mask, int predicate,
                      engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  const engram::cuda_on_host::Ballot ballot =
      engram::cuda_on_host::TakeBallot(engram::cuda_on_host::WarpOperation::kAll, mask, predicate != 0, site);
  return ballot.yes == ballot.all;
}

template <typename T>
T __reduce_add_sync(unsigned mask, T value,
                    engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  return engram::cuda_on_host::Reduce(
      engram::cuda_on_host::WarpOperation::kReduceAdd, mask, value,
      [](T a, T b) { return static_cast<T>(static_cast<unsigned>(a) + static_cast<unsigned>(b)); }, site);
}
template <typename T>
T __reduce_min_sync(unsigned mask, T value,
                    engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  return engram::cuda_on_host::Reduce(
      engram::cuda_on_host::WarpOperation::kReduceMin, mask, value, [](T a, T b) { return a < b ? a : b; },
      site);
}
template <typename T>
T __reduce_max_sync(unsigned mask, T value,
                    engram::cuda_on_host::Site site = engram::cuda_on_host::Site::Here()) {
  return engram::cuda_on_host::Reduce(
      engram::cuda_on_host::WarpOperation::kReduceMax, mask, value, [](T a, T b) { return a < b ? b : a; },
      site);
}

inline void __threadfence() { engram::cuda_on_host::Interleave(); }
inline void __threadfence_block() { engram::cuda_on_host::Interleave(); }

// Atomics.

namespace engram::cuda_on_host {

template <typename T>
struct Same {
  using type = T;
};

template <typename T, typename Combine>
T Exchange(T* address, const Combine& combine) {
  static_assert(std::is_same_v<T, int> || std::is_same_v<T, unsigned> ||
                    std::is_same_v<T, unsigned long long> || std::is_same_v<T, float> ||
                    std::is_same_v<T, double>,
                "CUDA has no atomics of this type");
  Interleave();
  const T before = *address;
  *address = combine(before);
  return before;
}

}  // namespace engram::cuda_on_host

template <typename T>
T atomicAdd(T* address, typename engram::cuda_on_host::Same<T>::type more) {
  return engram::cuda_on_host::Exchange(address, [&](T x) {
    if constexpr (std::is_same_v<T, int>) {
      return static_cast<int>(static_cast<unsigned>(x) + static_cast<unsigned>(more));
    } else {
      return x + more;
    }
  });
}
template <typename T>
T atomicMax(T* address, typename engram::cuda_on_host::Same<T>::type other) {
  static_assert(std::is_integral_v<T>);
  return engram::cuda_on_host::Exchange(address, [&](T x) { return x < other ? other : x; });
}
template <typename T>
T atomicMin(T* address, typename engram::cuda_on_host::Same<T>::type other) {
  static_assert(std::is_integral_v<T>);
  return engram::cuda_on_host::Exchange(address, [&](T x) { return other < x ? other : x; });
}
template <typename T>
T atomicOr(T* address, typename engram::cuda_on_host::Same<T>::type bits) {
  return engram::cuda_on_host::Exchange(address, [&](T x) { return x | bits; });
}
template <typename T>
T atomicAnd(T* address, typename engram::cuda_on_host::Same<T>::type bits) {
  return engram::cuda_on_host::Exchange(address, [&](T x) { return x & bits; });
}
template <typename T>
T atomicExch(T* address, typename engram::cuda_on_host::Same<T>::type value) {
  return engram::cuda_on_host::Exchange(address, [&](T) { return value; });
}
template <typename T>
T atomicCAS(T* address, typename engram::cuda_on_host::Same<T>::type expected,
            typename engram::cuda_on_host::Same<T>::type value) {
  static_assert(std::is_integral_v<T>);
  return engram::cuda_on_host::Exchange(address, [&](T x) { return x == expected ? value : x; });
}

#endif  // ENGRAM_TESTS_CUDA_ON_HOST_INCLUDE_CUDA_ON_HOST_DEVICE_LANGUAGE_H_
