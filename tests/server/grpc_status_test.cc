#include "server/grpc_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/error.h"
#include "engram/v1/error.pb.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

// The trailer `grpc-status-details-bin`.
v1::ErrorStatus DetailsOf(const grpc::Status& status) {
  v1::ErrorStatus details;
  EXPECT_TRUE(details.ParseFromString(status.error_details()));
  return details;
}

template <typename Message>
Message Unpack(const google::protobuf::Any& any) {
  Message message;
  EXPECT_TRUE(message.ParseFromString(any.value()));
  return message;
}

MATCHER_P(HasType, name, "") {
  return arg.type_url() == std::string("type.googleapis.com/google.rpc.") + name;
}

TEST(GrpcStatusTest, OkHasNoDetails) {
  const grpc::Status status = ToGrpcStatus(absl::OkStatus());
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.error_details(), "");
}

TEST(GrpcStatusTest, AFieldAtFaultIsAnErrorInfoAndABadRequest) {
  const grpc::Status status = ToGrpcStatus(InvalidField("queries.cols", "3", "128"));

  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "queries.cols: got 3, allowed 128");
  const v1::ErrorStatus details = DetailsOf(status);
  EXPECT_EQ(details.code(), 3);
  EXPECT_EQ(details.message(), status.error_message());
  ASSERT_THAT(details.details(), ElementsAre(HasType("ErrorInfo"), HasType("BadRequest")));
  const auto info = Unpack<v1::ErrorInfo>(details.details(0));
  EXPECT_EQ(info.reason(), "FIELD_INVALID");
  EXPECT_EQ(info.domain(), "engram");
  EXPECT_EQ(info.metadata().at("got"), "3");
  EXPECT_EQ(info.metadata().at("allowed"), "128");
  const auto bad_request = Unpack<v1::BadRequest>(details.details(1));
  ASSERT_THAT(bad_request.field_violations(), SizeIs(1));
  EXPECT_EQ(bad_request.field_violations(0).field(), "queries.cols");
  EXPECT_EQ(bad_request.field_violations(0).description(), status.error_message());
}

TEST(GrpcStatusTest, ARetryDelayIsARetryInfo) {
  ErrorDetails error;
  error.reason = "QUEUE_FULL";
  error.retry_delay = absl::Milliseconds(1250);
  const grpc::Status status = ToGrpcStatus(MakeError(absl::StatusCode::kResourceExhausted, error, "full"));

  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  const v1::ErrorStatus details = DetailsOf(status);
  ASSERT_THAT(details.details(), ElementsAre(HasType("ErrorInfo"), HasType("RetryInfo")));
  const auto retry = Unpack<v1::RetryInfo>(details.details(1));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 250'000'000);
}

TEST(GrpcStatusTest, AStatusWithoutDetailsGetsItsCodeAsReason) {
  const grpc::Status status = ToGrpcStatus(absl::InternalError("the invariant"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  const v1::ErrorStatus details = DetailsOf(status);
  ASSERT_THAT(details.details(), ElementsAre(HasType("ErrorInfo")));
  EXPECT_EQ(Unpack<v1::ErrorInfo>(details.details(0)).reason(), "INTERNAL");
}

TEST(GrpcStatusTest, EveryCodeKeepsItsNumber) {
  for (int code = 1; code <= 16; ++code) {
    const grpc::Status status = ToGrpcStatus(absl::Status(static_cast<absl::StatusCode>(code), "text"));
    EXPECT_EQ(static_cast<int>(status.error_code()), code);
    EXPECT_EQ(DetailsOf(status).code(), code);
  }
}

TEST(GrpcStatusTest, LongTextsAreCutToFitAHeader) {
  const grpc::Status status = ToGrpcStatus(absl::InvalidArgumentError(std::string(100'000, 'x')));
  EXPECT_EQ(status.error_message(), std::string(1024, 'x'));
  EXPECT_EQ(DetailsOf(status).message(), status.error_message());
}

}  // namespace
}  // namespace engram
