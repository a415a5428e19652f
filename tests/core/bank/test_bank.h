#ifndef ENGRAM_TESTS_CORE_BANK_TEST_BANK_H_
#define ENGRAM_TESTS_CORE_BANK_TEST_BANK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/bank/compactor.h"
#include "core/bank/memory_bank.h"

namespace engram {

// A bank for tests, on the host and perhaps on a device, with the budget, the journal and the compactor that
// it needs. It is compacted by compactor().RunPending().
class TestBank {
 public:
  explicit TestBank(int64_t dim, int64_t value_dim = 0, int64_t max_patterns = 0,
                    int64_t budget_bytes = int64_t{1} << 32, Screening screening = Screening::kInt8,
                    Residency* residency = nullptr)
      : budget_(budget_bytes) {
    BankSettings settings;
    settings.name = "test";
    settings.dim = dim;
    settings.value_dim = value_dim;
    settings.max_patterns = max_patterns;
    settings.screening = screening;
    bank_ = *MemoryBank::Make(1, std::move(settings), {{&budget_, residency}, &journal_, &compactor_});
  }

  MemoryBank* operator->() { return bank_.get(); }
  MemoryBudget& budget() { return budget_; }
  Compactor& compactor() { return compactor_; }

  // Stores rows [n, D] without values, under `ids` or under ids that the bank assigns.
  absl::StatusOr<MemoryBank::Stored> Store(const std::vector<float>& rows,
                                           const std::vector<uint64_t>& ids = {},
                                           const std::vector<std::string>& payloads = {}) {
    const int64_t dim = bank_->settings()->dim;
    PatternRows batch;
    batch.ids = ids;
    batch.patterns = {rows.data(), static_cast<int64_t>(rows.size()) / dim, dim};
    batch.payloads = payloads;
    return bank_->Store(batch);
  }

 private:
  MemoryBudget budget_;
  VolatileJournal journal_;
  Compactor compactor_{/*has_thread=*/false};
  std::shared_ptr<MemoryBank> bank_;
};

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_BANK_TEST_BANK_H_
