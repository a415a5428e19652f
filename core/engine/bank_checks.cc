#include "core/engine/bank_checks.h"

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace engram {

absl::Status CheckFits(const BankSnapshot& bank, const Dynamics& dynamics) {
  if (bank.pattern_count() == 0) {
    ErrorDetails details;
    details.reason = "BANK_EMPTY";
    details.field = "bank";
    details.metadata = {{"bank", bank.settings().name}};
    return MakeError(absl::StatusCode::kFailedPrecondition, details,
                     absl::StrCat("bank '", bank.settings().name, "' is empty; store patterns first"));
  }
  const absl::Status status = ValidateFor(dynamics.transform, bank.pattern_count());
  return status.ok() ? status : Within(absl::StrCat("dynamics.", NameOf(dynamics.transform)), status);
}

}  // namespace engram
