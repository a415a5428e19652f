#ifndef ENGRAM_TESTS_CORE_STORAGE_BIT_FLIP_H_
#define ENGRAM_TESTS_CORE_STORAGE_BIT_FLIP_H_

#include <cstdint>
#include <string>
#include <vector>

namespace engram {

// What became of flipped bits in the files of a data directory or of a backup, one at a time.
struct BitFlipOutcome {
  int64_t flips = 0;
  int64_t harmless = 0;                 // All banks are the same.
  int64_t bank_lost = 0;                // DATA_LOSS for some banks, the others the same.
  int64_t refused = 0;                  // It is not opened, and the file is named.
  std::vector<std::string> violations;  // Anything else, in words.
};

// Flips `flips` bits of table files, logs, the MANIFEST and CURRENT, each in a fresh copy of the same banks;
// of some it is the whole sector that reads as zeros.
BitFlipOutcome RunBitFlips(uint64_t seed, int64_t flips);

// The same in all files of a backup. The server whose backup it is starts.
BitFlipOutcome RunBackupBitFlips(uint64_t seed, int64_t flips);

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_STORAGE_BIT_FLIP_H_
