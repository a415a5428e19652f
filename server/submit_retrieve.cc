#include "server/submit_retrieve.h"

#include <utility>

#include "core/base/status_macros.h"
#include "server/fill_response.h"
#include "server/message_bytes.h"
#include "server/parse_request.h"

namespace engram {
namespace {

absl::StatusOr<grpc::ByteBuffer> FillBytes(const RetrieveResult& result, const v1::SupportParts& parts,
                                           v1::MatrixEncoding encoding, const Limits& limits) {
  LocalMessage<v1::RetrieveResponse> response;
  ENGRAM_RETURN_IF_ERROR(FillRetrieve(result, parts, encoding, limits, &*response));
  grpc::ByteBuffer bytes;
  const grpc::Status status = SerializeMessage(*response, &bytes);
  if (!status.ok()) return absl::InternalError(status.error_message());
  return bytes;
}

}  // namespace

absl::Status SubmitRetrieve(const ServiceParts& parts, const v1::RetrieveRequest& request,
                            const CallContext& context,
                            std::function<void(absl::StatusOr<grpc::ByteBuffer>)> done) {
  ENGRAM_ASSIGN_OR_RETURN(const auto found, parts.FindBank(request.bank(), "bank"));
  BankSnapshot bank = found->Pin();
  ENGRAM_ASSIGN_OR_RETURN(ParsedRetrieve parsed, ParseRetrieve(request, bank.settings(), parts.limits));
  parsed.call.deadline = context.deadline();
  parsed.call.cancellation = context.cancellation();
  auto fill = [done = std::move(done), support_parts = parsed.support_parts, encoding = parsed.encoding,
               limits = parts.limits](const absl::StatusOr<RetrieveResult>& result) {
    done(result.ok() ? FillBytes(*result, support_parts, encoding, limits)
                     : absl::StatusOr<grpc::ByteBuffer>(result.status()));
  };
  return parts.engine->Retrieve(std::move(bank), std::move(parsed.call), std::move(fill));
}

}  // namespace engram
