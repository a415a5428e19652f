#include "server/grpc_status.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "engram/v1/error.pb.h"

namespace engram {
namespace {

constexpr size_t kMaxTextBytes = 1024;
constexpr char kTypeUrlPrefix[] = "type.googleapis.com/google.rpc.";

void AddDetail(const char* type, const google::protobuf::Message& detail, v1::ErrorStatus* status) {
  google::protobuf::Any* any = status->add_details();
  any->set_type_url(absl::StrCat(kTypeUrlPrefix, type));
  any->set_value(detail.SerializeAsString());
}

v1::ErrorInfo ToErrorInfo(const ErrorDetails& details) {
  v1::ErrorInfo info;
  info.set_reason(details.reason);
  info.set_domain("engram");
  for (const auto& [key, value] : details.metadata) (*info.mutable_metadata())[key] = value;
  return info;
}

v1::BadRequest ToBadRequest(const ErrorDetails& details, const std::string& text) {
  v1::BadRequest bad_request;
  v1::BadRequest::FieldViolation* violation = bad_request.add_field_violations();
  violation->set_field(details.field);
  violation->set_description(text);
  return bad_request;
}

v1::RetryInfo ToRetryInfo(const ErrorDetails& details) {
  v1::RetryInfo info;
  const int64_t nanoseconds = absl::ToInt64Nanoseconds(details.retry_delay);
  info.mutable_retry_delay()->set_seconds(nanoseconds / 1'000'000'000);
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(nanoseconds % 1'000'000'000));
  return info;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const auto code = static_cast<grpc::StatusCode>(status.code());  // The two enums have the same numbers.
  const std::string text(status.message().substr(0, kMaxTextBytes));
  ErrorDetails details = FindErrorDetails(status).value_or(ErrorDetails());
  if (details.reason.empty()) details.reason = absl::StatusCodeToString(status.code());
  v1::ErrorStatus wire;
  wire.set_code(static_cast<int32_t>(code));
  wire.set_message(text);
  AddDetail("ErrorInfo", ToErrorInfo(details), &wire);
  if (!details.field.empty()) AddDetail("BadRequest", ToBadRequest(details, text), &wire);
  if (details.retry_delay > absl::ZeroDuration()) AddDetail("RetryInfo", ToRetryInfo(details), &wire);
  return grpc::Status(code, text, wire.SerializeAsString());
}

}  // namespace engram
