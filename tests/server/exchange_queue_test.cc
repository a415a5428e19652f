#include "server/exchange_queue.h"

#include <gtest/gtest.h>

#include <string>

namespace engram {
namespace {

constexpr int64_t kMaxExchanges = 3;
constexpr int64_t kMaxUnsentBytes = 10;

grpc::ByteBuffer Response(int64_t bytes) {
  const grpc::Slice slice(std::string(bytes, 'x'));
  return grpc::ByteBuffer(&slice, 1);
}

class ExchangeQueueTest : public ::testing::Test {
 protected:
  // A request comes and is submitted; the next read has begun if there is room.
  std::shared_ptr<Exchange> Admit() {
    queue_.ReadDone(true);
    const auto exchange = queue_.TakeNext().admit;
    EXPECT_NE(exchange, nullptr);
    queue_.Admitted();
    reading_ = queue_.TakeNext().read;
    return exchange;
  }
  ExchangeQueue::Next Answer(Exchange* exchange, int64_t bytes = 1) {
    queue_.Answered(exchange, Response(bytes));
    return queue_.TakeNext();
  }

  static bool IsNothing(const ExchangeQueue::Next& next) {
    return !next.read && next.admit == nullptr && next.send == nullptr && !next.finish.has_value();
  }

  ExchangeQueue queue_{kMaxExchanges, kMaxUnsentBytes};
  bool reading_ = queue_.TakeNext().read;
};

TEST_F(ExchangeQueueTest, ResponsesAreSentInTheOrderOfTheRequests) {
  const auto first = Admit();
  const auto second = Admit();
  EXPECT_TRUE(reading_);
  EXPECT_TRUE(IsNothing(Answer(second.get())));
  EXPECT_EQ(Answer(first.get()).send, first);
  queue_.Sent(true);
  EXPECT_EQ(queue_.TakeNext().send, second);
  queue_.ReadDone(false);
  EXPECT_TRUE(IsNothing(queue_.TakeNext()));
  queue_.Sent(true);
  EXPECT_EQ(queue_.TakeNext().finish, absl::OkStatus());
}

TEST_F(ExchangeQueueTest, OnlySoManyAreReadBeforeTheyAreSent) {
  const auto first = Admit();
  Admit();
  Admit();
  EXPECT_FALSE(reading_);
  EXPECT_FALSE(Answer(first.get()).read);
  queue_.Sent(true);
  EXPECT_TRUE(queue_.TakeNext().read);
}

TEST_F(ExchangeQueueTest, NothingIsReadOrAdmittedWhileTooManyBytesAreUnsent) {
  const auto first = Admit();
  EXPECT_TRUE(reading_);
  EXPECT_EQ(Answer(first.get(), kMaxUnsentBytes).send, first);
  queue_.ReadDone(true);
  EXPECT_TRUE(IsNothing(queue_.TakeNext()));
  queue_.Sent(true);
  EXPECT_NE(queue_.TakeNext().admit, nullptr);
  queue_.Admitted();
  EXPECT_TRUE(queue_.TakeNext().read);
}

TEST_F(ExchangeQueueTest, AHeldRequestIsTriedAgainOnceSomethingIsFree) {
  const auto first = Admit();
  EXPECT_TRUE(first->alone);
  queue_.ReadDone(true);
  const auto second = queue_.TakeNext().admit;
  EXPECT_FALSE(second->alone);
  queue_.Held();
  EXPECT_TRUE(IsNothing(queue_.TakeNext()));
  const auto next = Answer(first.get());
  EXPECT_EQ(next.send, first);
  ASSERT_NE(next.admit, nullptr);
  EXPECT_FALSE(next.admit->alone);
  // What becomes free while it is tried counts.
  queue_.Sent(true);
  EXPECT_TRUE(IsNothing(queue_.TakeNext()));
  queue_.Held();
  const auto third = queue_.TakeNext().admit;
  ASSERT_NE(third, nullptr);
  EXPECT_TRUE(third->alone);
}

TEST_F(ExchangeQueueTest, AnAnswerMayComeBeforeItsAdmissionIsOver) {
  queue_.ReadDone(true);
  const auto exchange = queue_.TakeNext().admit;
  EXPECT_EQ(Answer(exchange.get()).send, exchange);
  queue_.Sent(true);
  EXPECT_TRUE(IsNothing(queue_.TakeNext()));
  queue_.Admitted();
  EXPECT_TRUE(queue_.TakeNext().read);
}

TEST_F(ExchangeQueueTest, AFailureEndsTheStreamAfterTheResponsesBeforeIt) {
  const auto first = Admit();
  queue_.ReadDone(true);
  EXPECT_NE(queue_.TakeNext().admit, nullptr);
  queue_.Refused(absl::NotFoundError("bank"));
  EXPECT_TRUE(IsNothing(queue_.TakeNext()));
  EXPECT_FALSE(queue_.broken());
  EXPECT_EQ(Answer(first.get()).send, first);
  queue_.Sent(true);
  EXPECT_EQ(queue_.TakeNext().finish, absl::NotFoundError("bank"));
  EXPECT_TRUE(queue_.broken());
}

TEST_F(ExchangeQueueTest, ARequestThatComesAfterTheEndIsDropped) {
  const auto first = Admit();
  EXPECT_TRUE(reading_);
  queue_.Answered(first.get(), absl::InvalidArgumentError("overflow"));
  EXPECT_EQ(queue_.TakeNext().finish, absl::InvalidArgumentError("overflow"));
  queue_.ReadDone(true);
  EXPECT_TRUE(IsNothing(queue_.TakeNext()));
}

TEST_F(ExchangeQueueTest, ARequestThatComesBehindAFailureIsDropped) {
  const auto first = Admit();
  const auto second = Admit();
  queue_.Answered(second.get(), absl::InvalidArgumentError("overflow"));
  EXPECT_TRUE(IsNothing(queue_.TakeNext()));
  queue_.ReadDone(true);
  EXPECT_TRUE(IsNothing(queue_.TakeNext()));
  EXPECT_EQ(Answer(first.get()).send, first);
}

TEST_F(ExchangeQueueTest, AHeldRequestIsDroppedWhenAnotherHasFailed) {
  const auto first = Admit();
  queue_.ReadDone(true);
  EXPECT_NE(queue_.TakeNext().admit, nullptr);
  queue_.Answered(first.get(), absl::InvalidArgumentError("overflow"));
  EXPECT_TRUE(IsNothing(queue_.TakeNext()));
  queue_.Held();
  EXPECT_EQ(queue_.TakeNext().finish, absl::InvalidArgumentError("overflow"));
}

TEST_F(ExchangeQueueTest, AStreamThatCannotSendEndsWhenTheEngineHasLetGo) {
  const auto first = Admit();
  const auto second = Admit();
  EXPECT_EQ(Answer(first.get()).send, first);
  queue_.Sent(false);
  EXPECT_TRUE(IsNothing(queue_.TakeNext()));
  EXPECT_TRUE(queue_.broken());
  const auto next = Answer(second.get());
  EXPECT_EQ(next.send, nullptr);
  EXPECT_EQ(next.finish->code(), absl::StatusCode::kCancelled);
}

}  // namespace
}  // namespace engram
