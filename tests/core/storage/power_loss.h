#ifndef ENGRAM_TESTS_CORE_STORAGE_POWER_LOSS_H_
#define ENGRAM_TESTS_CORE_STORAGE_POWER_LOSS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "core/storage/bank_settings.h"

namespace engram {

// Writers change banks of a journal until the power fails; then what is there is compared with what was
// acknowledged. Again and again, on the same disk.
struct PowerLossPlan {
  uint64_t seed = 1;
  int64_t losses = 100;
  int64_t acked_rows = 0;  // Goes on until that many rows were acknowledged as well.
  int writers = 3;         // Each has one bank at a time.
  Durability durability = Durability::kSynced;
  bool tears = true;
  int64_t most_operations = 600;  // Of the disk, between two losses.
};

struct PowerLossOutcome {
  int64_t losses = 0;
  int64_t acked_changes = 0;
  int64_t acked_rows = 0;
  int64_t bulk_changes = 0;
  int64_t in_flight_kept = 0;         // Changes that were not acknowledged but happened: allowed.
  int64_t banks_behind = 0;           // Acknowledged changes are missing.
  int64_t banks_wrong = 0;            // Damaged, or in a state that they never were in.
  std::vector<std::string> failures;  // The first of them, in words.
};

PowerLossOutcome RunPowerLosses(const PowerLossPlan& plan);

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_STORAGE_POWER_LOSS_H_
