#ifndef ENGRAM_CORE_SWEEP_CPU_CPU_SOFTMAX_STREAM_H_
#define ENGRAM_CORE_SWEEP_CPU_CPU_SOFTMAX_STREAM_H_

#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/base/thread_pool.h"
#include "core/sweep/cpu/stream_kernels.h"
#include "core/sweep/softmax_stream.h"

namespace engram {

// Sweeper::StreamSoftmax in float32: scores of a block of rows, their running maximum, weights relative to
// it, and the weighted rows added up while they are in the cache.
//
// Blocks begin at multiples of 64 rows of a segment and are dealt out to 16 strips, 4 at a time, anew for
// each segment; each strip goes through its blocks in order and the strips are added in order. All of that is
// a function of where the rows lie, so that neither threads nor other states nor newer versions change a
// byte.
//
// Scratch: 4 bytes for each row and state, and 32 MiB for sums, or 128 D bytes where
// that is more.
//
// Source: Dao et al. (2022), "FlashAttention"; Dao et al. (2023), "Flash-Decoding", with keys = values.
void CpuStreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                      const StreamKernels& kernels, ThreadPool* pool, absl::Span<StreamedSoftmax> updates);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_CPU_SOFTMAX_STREAM_H_
