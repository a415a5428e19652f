#ifndef ENGRAM_CORE_ENGINE_BANK_CHECKS_H_
#define ENGRAM_CORE_ENGINE_BANK_CHECKS_H_

#include "absl/status/status.h"
#include "core/bank/bank_snapshot.h"
#include "core/transform/dynamics.h"

namespace engram {

// Whether `dynamics` can run on `bank`. FAILED_PRECONDITION: the bank is empty. INVALID_ARGUMENT: the
// transformation does not fit the number of patterns, such as k > N.
absl::Status CheckFits(const BankSnapshot& bank, const Dynamics& dynamics);

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_BANK_CHECKS_H_
