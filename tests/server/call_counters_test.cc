#include "server/call_counters.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "engram/v1/associative_memory.pb.h"

namespace engram {
namespace {

TEST(CallCountersTest, MethodsAreThoseOfTheProtoInItsOrder) {
  const google::protobuf::ServiceDescriptor* const service =
      v1::RetrieveRequest::descriptor()->file()->FindServiceByName("AssociativeMemory");
  ASSERT_NE(service, nullptr);
  ASSERT_EQ(service->method_count(), static_cast<int>(kMethods));
  for (int i = 0; i < service->method_count(); ++i) EXPECT_EQ(service->method(i)->name(), kMethodNames[i]);
  EXPECT_STREQ(kMethodNames[static_cast<size_t>(Method::kGetCapabilities)], "GetCapabilities");
}

TEST(CallCountersTest, EachMethodCountsEachCodeByItself) {
  CallCounters counters;
  counters.of(Method::kStore)->Count(grpc::StatusCode::OK);
  counters.of(Method::kStore)->Count(grpc::StatusCode::UNAUTHENTICATED);
  counters.of(Method::kStore)->Count(grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(counters.of(Method::kStore)->count(grpc::StatusCode::OK), 1);
  EXPECT_EQ(counters.of(Method::kStore)->count(grpc::StatusCode::UNAUTHENTICATED), 2);
  EXPECT_EQ(counters.of(Method::kStore)->count(grpc::StatusCode::INTERNAL), 0);
  EXPECT_EQ(counters.of(Method::kGetBank)->count(grpc::StatusCode::OK), 0);
}

}  // namespace
}  // namespace engram
