// power_loss [LOSSES [ROWS [SEED]]]: loses power LOSSES times and until ROWS rows were acknowledged, and
// compares the banks each time; see tests/core/storage/power_loss.h. Exits 1 if one is not what it must be.

#include "tests/core/storage/power_loss.h"

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  engram::PowerLossPlan plan;
  plan.losses = argc > 1 ? std::atoll(argv[1]) : 1000;
  plan.acked_rows = argc > 2 ? std::atoll(argv[2]) : 1'000'000;
  plan.seed = argc > 3 ? static_cast<uint64_t>(std::atoll(argv[3])) : 1;
  plan.writers = 8;
  plan.most_operations = 3000;
  const engram::PowerLossOutcome outcome = engram::RunPowerLosses(plan);
  for (const std::string& failure : outcome.failures) std::printf("%s\n", failure.c_str());
  std::printf(
      "seed %llu: %lld power losses, %lld changes with %lld rows acknowledged, %lld of them large; "
      "%lld banks behind, %lld wrong, %lld changes in flight kept\n",
      static_cast<unsigned long long>(plan.seed), static_cast<long long>(outcome.losses),
      static_cast<long long>(outcome.acked_changes), static_cast<long long>(outcome.acked_rows),
      static_cast<long long>(outcome.bulk_changes), static_cast<long long>(outcome.banks_behind),
      static_cast<long long>(outcome.banks_wrong), static_cast<long long>(outcome.in_flight_kept));
  return outcome.banks_behind + outcome.banks_wrong > 0 ? 1 : 0;
}
