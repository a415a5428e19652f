// bit_flip [FLIPS [SEED]]: flips bits in the files of a data directory and then of a backup, one at a time;
// see tests/core/storage/bit_flip.h. Exits 1 if one changes a bank silently.

#include "tests/core/storage/bit_flip.h"

#include <cstdio>
#include <cstdlib>

namespace {

void Print(const char* what, uint64_t seed, const engram::BitFlipOutcome& outcome) {
  for (const std::string& violation : outcome.violations) std::printf("%s\n", violation.c_str());
  std::printf(
      "%s, seed %llu: %lld bits flipped: %lld harmless, %lld DATA_LOSS of a bank, %lld refused; %zu wrong\n",
      what, static_cast<unsigned long long>(seed), static_cast<long long>(outcome.flips),
      static_cast<long long>(outcome.harmless), static_cast<long long>(outcome.bank_lost),
      static_cast<long long>(outcome.refused), outcome.violations.size());
}

}  // namespace

int main(int argc, char** argv) {
  const int64_t flips = argc > 1 ? std::atoll(argv[1]) : 2000;
  const uint64_t seed = argc > 2 ? static_cast<uint64_t>(std::atoll(argv[2])) : 1;
  const engram::BitFlipOutcome directory = engram::RunBitFlips(seed, flips);
  Print("data directory", seed, directory);
  const engram::BitFlipOutcome backup = engram::RunBackupBitFlips(seed, flips);
  Print("backup", seed, backup);
  return directory.violations.empty() && backup.violations.empty() ? 0 : 1;
}
