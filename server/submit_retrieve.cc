#include "server/submit_retrieve.h"

#include <utility>

#include "core/base/status_macros.h"
#include "server/fill_response.h"
#include "server/parse_request.h"

namespace engram {

absl::Status SubmitRetrieve(const ServiceParts& parts, const v1::RetrieveRequest& request,
                            const CallContext& context,
                            std::function<void(absl::StatusOr<v1::RetrieveResponse>)> done) {
  ENGRAM_ASSIGN_OR_RETURN(const auto found, parts.FindBank(request.bank(), "bank"));
  BankSnapshot bank = found->Pin();
  ENGRAM_ASSIGN_OR_RETURN(ParsedRetrieve parsed, ParseRetrieve(request, bank.settings(), parts.limits));
  parsed.call.deadline = context.deadline();
  parsed.call.cancellation = context.cancellation();
  auto fill = [done = std::move(done), support_parts = parsed.support_parts, encoding = parsed.encoding,
               limits = parts.limits](absl::StatusOr<RetrieveResult> result) {
    done(result.ok() ? FillRetrieve(*result, support_parts, encoding, limits)
                     : absl::StatusOr<v1::RetrieveResponse>(result.status()));
  };
  return parts.engine->Retrieve(std::move(bank), std::move(parsed.call), std::move(fill));
}

}  // namespace engram
