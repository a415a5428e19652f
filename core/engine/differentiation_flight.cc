#include "core/engine/differentiation_flight.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "core/engine/members.h"
#include "core/engine/state_update.h"

namespace engram {
namespace {

absl::Status TooLarge(int64_t bytes, int64_t limit, size_t updates) {
  ErrorDetails details;
  details.reason = "TRAJECTORY_TOO_LARGE";
  details.field = "dynamics.max_iterations";
  details.metadata = {{"asked", absl::StrCat(bytes)}, {"limit", absl::StrCat(limit)}};
  return MakeError(absl::StatusCode::kResourceExhausted, details,
                   absl::StrCat("dynamics.max_iterations: a query's ", updates,
                                " updates and their gradients take ", bytes, " bytes, limit ", limit,
                                "; ask for fewer updates or for a sparser transformation"));
}

}  // namespace

DifferentiationFlight::DifferentiationFlight(const DifferentiateCall* call, absl::Span<const double> query,
                                             absl::Span<const double> cotangent,
                                             absl::Span<const double> value_cotangent,
                                             RetrievalGradient* result)
    : call_(*call),
      cotangent_(cotangent),
      value_cotangent_(value_cotangent),
      result_(result),
      state_(query.begin(), query.end()) {}

Cut DifferentiationFlight::NextCut(const BankSnapshot& bank) const {
  return Cut(call_.dynamics.transform, call_.dynamics.beta, bank.pattern_count());
}

absl::StatusOr<bool> DifferentiationFlight::Advance(const BankSnapshot& bank, SurvivorList* survivors) {
  ENGRAM_ASSIGN_OR_RETURN(StateUpdate update, ComputeStateUpdate(bank, call_.dynamics, survivors));
  std::vector<double> next = std::move(update.next);
  if (!IsConfined(call_.dynamics.transform)) {
    // A pattern without weight may still have a slope.
    const Members members(bank, call_.dynamics, survivors);
    update.support = *survivors;
    update.weights = Project(call_.dynamics.transform, members.scores()).weights;
  }
  trajectory_.Add(std::move(state_), std::move(update.support), std::move(update.weights));
  state_ = std::move(next);
  const int64_t bytes = trajectory_.memory_bytes(bank);
  if (bytes > call_.max_trajectory_bytes) {
    return TooLarge(bytes, call_.max_trajectory_bytes, trajectory_.updates().size());
  }
  if (static_cast<int>(trajectory_.updates().size()) < call_.dynamics.max_iterations) return false;
  *result_ = PullBack(bank, call_.dynamics, trajectory_, cotangent_, value_cotangent_);
  return true;
}

}  // namespace engram
