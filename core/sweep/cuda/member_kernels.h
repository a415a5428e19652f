#ifndef ENGRAM_CORE_SWEEP_CUDA_MEMBER_KERNELS_H_
#define ENGRAM_CORE_SWEEP_CUDA_MEMBER_KERNELS_H_

#include <cuda_runtime_api.h>

#include <cstdint>

#include "core/sweep/cuda/stream_kernels.h"

namespace engram {

// A row with weight, on its way to the host.
struct MemberEntry {
  int32_t state;
  int32_t segment;  // As StreamTask counts them.
  int32_t row;
  float score;
};

// What is known of a state's rows with weight. Counts are of CUDA's type for atomics.
struct MemberCount {
  unsigned long long support = 0;  // All of them.
  unsigned long long listed = 0;   // Those that are to be listed.
  unsigned long long left = 0;     // Of those wanted, how many have a key that begins as `least` does so far.
  uint32_t least = 0;              // Those with this key or a larger one are to be listed: see MemberTask.
  bool is_found = false;           // Whether `least` is what it will be.
};

// Which rows have weight, and which of them come first. A score's key is an integer of the same order; the
// least key that is to be listed is found from its highest bits down, kKeyParts parts one after the other.
constexpr int kKeyParts = 3;
constexpr int kKeyBins = 1 << 11;

struct MemberTask {
  StreamTask streamed;                 // What StreamRows was given; `sums[b].largest` is of all devices.
  const int64_t* wanted = nullptr;     // [B], members of each state, at least 0.
  MemberCount* counts = nullptr;       // [B]
  unsigned long long* bins = nullptr;  // [kKeyParts, B, kKeyBins], scratch.
  MemberEntry* entries = nullptr;      // [capacity], in any order.
  unsigned long long* entry_count = nullptr;  // Those beyond the capacity included; they are not there.
  int64_t capacity = 0;
};

// Counts the rows with weight of each state, and finds which of them are to be listed: all if no more are
// wanted, else as many as are wanted and those that tie with the last.
cudaError_t CountMembers(const MemberTask& task, int multiprocessors, cudaStream_t stream);

// Lists those of states [first, last) at places [begin, end).
cudaError_t ListMembers(const MemberTask& task, int32_t first, int32_t last, int64_t begin, int64_t end,
                        int multiprocessors, cudaStream_t stream);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_MEMBER_KERNELS_H_
