#ifndef ENGRAM_BENCH_GPU_CLUSTERED_BANK_H_
#define ENGRAM_BENCH_GPU_CLUSTERED_BANK_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "bench/gpu/gpu_options.h"
#include "core/bank/bank_snapshot.h"
#include "core/bank/memory_bank.h"
#include "core/base/thread_pool.h"
#include "core/storage/journal.h"

namespace engram::bench {

// Banks of the same seeded clusters (bench/cluster_data), made in parts by all threads, and cues of them.
class ClusteredBanks {
 public:
  // A bank for each of `residencies`, null for one on the host alone. All must outlive this. Errors of Store.
  static absl::StatusOr<std::unique_ptr<ClusteredBanks>> Make(Shape shape, int64_t cue_count, uint64_t seed,
                                                              std::vector<Residency*> residencies,
                                                              ThreadPool* pool);
  // Memory of the host for one of them.
  static int64_t HostBytes(Shape shape);

  BankSnapshot bank(size_t which) const { return banks_[which]->Pin(); }
  // Cue b [D], again from the first after the last.
  absl::Span<const double> cue(int64_t b) const;
  // What storing took, for all banks, without making the patterns.
  double store_seconds() const { return store_seconds_; }

 private:
  explicit ClusteredBanks(Shape shape) : shape_(shape) {}

  absl::Status StoreAll(int64_t cue_count, uint64_t seed, ThreadPool* pool);

  const Shape shape_;
  MemoryBudget budget_{int64_t{1} << 40};
  VolatileJournal journal_;
  std::vector<std::shared_ptr<MemoryBank>> banks_;
  std::vector<double> cues_;
  double store_seconds_ = 0;
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_CLUSTERED_BANK_H_
