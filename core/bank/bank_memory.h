#ifndef ENGRAM_CORE_BANK_BANK_MEMORY_H_
#define ENGRAM_CORE_BANK_BANK_MEMORY_H_

#include "core/bank/memory_budget.h"
#include "core/bank/residency.h"

namespace engram {

// Where the rows of banks lie. Both must outlive the rows.
struct BankMemory {
  MemoryBudget* budget;            // Pays for them on the host.
  Residency* residency = nullptr;  // A device that has them too; null: none has.
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_BANK_MEMORY_H_
