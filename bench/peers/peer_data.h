#ifndef ENGRAM_BENCH_PEERS_PEER_DATA_H_
#define ENGRAM_BENCH_PEERS_PEER_DATA_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/bank/memory_bank.h"
#include "core/storage/journal.h"

namespace engram::bench {

// How a bank's rows are screened: by its int8 codes, or by the float32 rows themselves.
enum class ScreenedBy { kInt8, kFloat32 };

// Whether banks of this build have codes to screen by; without them, both are by the float32 rows.
extern const bool kHasCodes;

// Patterns [N, D] and queries [M, D] from files of raw little-endian float32, and banks of them.
class PeerData {
 public:
  // NOT_FOUND: a file cannot be read, or is shorter than its shape.
  static absl::StatusOr<std::unique_ptr<PeerData>> Load(const std::string& patterns_path,
                                                        int64_t pattern_count,
                                                        const std::string& queries_path, int64_t query_count,
                                                        int64_t dim);

  int64_t pattern_count() const { return pattern_count_; }
  int64_t query_count() const { return query_count_; }
  int64_t dim() const { return dim_; }
  const std::vector<float>& patterns() const { return patterns_; }
  // Query m, modulo their number.
  absl::Span<const float> query(int64_t m) const;
  absl::Span<const double> query_in_double(int64_t m) const;

  // All patterns; id i is pattern i. Made when it is first asked for.
  absl::StatusOr<BankSnapshot> Bank(ScreenedBy screened_by);
  // Patterns [begin, begin + count) in a bank of their own.
  absl::StatusOr<BankSnapshot> MakeBank(ScreenedBy screened_by, int64_t begin, int64_t count);

 private:
  PeerData() = default;

  int64_t pattern_count_ = 0;
  int64_t query_count_ = 0;
  int64_t dim_ = 0;
  std::vector<float> patterns_;
  std::vector<float> queries_;
  std::vector<double> queries_in_double_;
  MemoryBudget budget_{int64_t{1} << 40};
  VolatileJournal journal_;
  std::vector<BankSnapshot> whole_[2];  // By ScreenedBy; empty until it is made.
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_PEERS_PEER_DATA_H_
