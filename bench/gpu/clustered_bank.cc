#include "bench/gpu/clustered_bank.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bench/cluster_data.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

// A multiple of the patterns of a cluster.
constexpr int64_t kPartPatterns = 50'000;

}  // namespace

int64_t ClusteredBanks::HostBytes(Shape shape) {
  // Rows, codes, what bounds them, ids and their index; the last segments have some room to spare.
  constexpr int64_t kMoreBytes = 64;
  return shape.patterns * (5 * shape.dim + kMoreBytes) / 16 * 17;
}

absl::StatusOr<std::unique_ptr<ClusteredBanks>> ClusteredBanks::Make(Shape shape, int64_t cue_count,
                                                                     uint64_t seed,
                                                                     std::vector<Residency*> residencies,
                                                                     ThreadPool* pool) {
  std::unique_ptr<ClusteredBanks> made(new ClusteredBanks(shape));
  for (Residency* residency : residencies) {
    BankSettings settings;
    settings.name = absl::StrCat("bench", made->banks_.size());
    settings.dim = shape.dim;
    ENGRAM_ASSIGN_OR_RETURN(made->banks_.emplace_back(),
                            MemoryBank::Make(static_cast<int64_t>(made->banks_.size()), std::move(settings),
                                             {{&made->budget_, residency}, &made->journal_, nullptr}));
  }
  ENGRAM_RETURN_IF_ERROR(made->StoreAll(cue_count, seed, pool));
  return made;
}

absl::Status ClusteredBanks::StoreAll(int64_t cue_count, uint64_t seed, ThreadPool* pool) {
  const int64_t parts = (shape_.patterns + kPartPatterns - 1) / kPartPatterns;
  const int64_t part_cues = (cue_count + parts - 1) / parts;
  const int64_t at_once = pool->thread_count() + 1;
  for (int64_t begin = 0; begin < parts; begin += at_once) {
    std::vector<ClusterData> data(std::min(at_once, parts - begin));
    pool->ParallelFor(static_cast<int64_t>(data.size()), [&](int64_t i) {
      const int64_t rows = std::min(kPartPatterns, shape_.patterns - (begin + i) * kPartPatterns);
      data[i] = MakeClusterData(rows, part_cues, shape_.dim, seed + static_cast<uint64_t>(begin + i));
    });
    const absl::Time start = absl::Now();
    for (const ClusterData& part : data) {
      const auto rows = static_cast<int64_t>(part.patterns.size()) / shape_.dim;
      const MatrixView<const float> patterns(part.patterns.data(), rows, shape_.dim);
      for (const std::shared_ptr<MemoryBank>& bank : banks_) {
        ENGRAM_RETURN_IF_ERROR(bank->Store({{}, patterns, {}, {}}).status());
      }
      cues_.insert(cues_.end(), part.cues.begin(), part.cues.end());
    }
    store_seconds_ += absl::ToDoubleSeconds(absl::Now() - start);
  }
  return absl::OkStatus();
}

absl::Span<const double> ClusteredBanks::cue(int64_t b) const {
  const int64_t count = static_cast<int64_t>(cues_.size()) / shape_.dim;
  return absl::MakeConstSpan(cues_).subspan(b % count * shape_.dim, shape_.dim);
}

}  // namespace engram::bench
