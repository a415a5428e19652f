// bit_flip [FLIPS [SEED]]: flips bits in the files of a data directory, one at a time; see
// tests/core/storage/bit_flip.h. Exits 1 if one changes a bank silently.

#include "tests/core/storage/bit_flip.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  const int64_t flips = argc > 1 ? std::atoll(argv[1]) : 2000;
  const uint64_t seed = argc > 2 ? static_cast<uint64_t>(std::atoll(argv[2])) : 1;
  const engram::BitFlipOutcome outcome = engram::RunBitFlips(seed, flips);
  for (const std::string& violation : outcome.violations) std::printf("%s\n", violation.c_str());
  std::printf(
      "seed %llu: %lld bits flipped: %lld harmless, %lld DATA_LOSS of a bank, %lld refused; %zu wrong\n",
      static_cast<unsigned long long>(seed), static_cast<long long>(outcome.flips),
      static_cast<long long>(outcome.harmless), static_cast<long long>(outcome.bank_lost),
      static_cast<long long>(outcome.refused), outcome.violations.size());
  return outcome.violations.empty() ? 0 : 1;
}
