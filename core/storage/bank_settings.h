#ifndef ENGRAM_CORE_STORAGE_BANK_SETTINGS_H_
#define ENGRAM_CORE_STORAGE_BANK_SETTINGS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "core/transform/dynamics.h"

namespace engram {

// What an acknowledged write survives.
enum class Durability {
  kVolatile,  // Nothing: the bank lives in memory.
  kRelaxed,   // A crash of the process, and of the machine up to its last flush.
  kSynced,    // A power loss.
};

// What sweeps look at before they read the rows themselves.
enum class Screening {
  kInt8,  // Codes of 8 bits beside the rows (core/codes): a quarter more memory, a quarter of the bytes to
          // read.
  kNone,  // Nothing: sweeps screen the rows in float32.
};

// What a bank was created with and, where it says so, what it was changed to. Valid by construction.
struct BankSettings {
  std::string name;           // [A-Za-z0-9._-]{1,128}.
  int64_t dim = 0;            // D, 1 to 65,536.
  int64_t value_dim = 0;      // V, 0 to 65,536; 0: no values.
  Dynamics default_dynamics;  // May change.
  int64_t max_patterns = 0;   // 0: only memory bounds it. May change.
  Durability durability = Durability::kVolatile;
  Screening screening = Screening::kInt8;
  absl::Time create_time;
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_BANK_SETTINGS_H_
