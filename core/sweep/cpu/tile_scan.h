#ifndef ENGRAM_CORE_SWEEP_CPU_TILE_SCAN_H_
#define ENGRAM_CORE_SWEEP_CPU_TILE_SCAN_H_

#include <cstdint>

#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/base/thread_pool.h"
#include "core/sweep/cpu/screen.h"
#include "core/sweep/cpu/tile_bounds.h"
#include "core/sweep/sweeper.h"
#include "core/sweep/tile_sequence.h"

namespace engram {

// The one pass over all tiles of `bank`: bounds of all tiles for all `states`, for which `screen` was
// prepared. What is written does not depend on the number of threads.
TileBounds ScanTiles(const BankSnapshot& bank, const TileSequence& tiles, absl::Span<const SweepState> states,
                     const Screen& screen, const ScreenKernels& kernels, ThreadPool* pool);

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_TILE_SCAN_H_
