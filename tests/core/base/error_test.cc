#include "core/base/error.h"

#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(ErrorTest, CarriesCodeMessageAndDetails) {
  ErrorDetails details;
  details.reason = "QUEUE_FULL";
  details.field = "queries";
  details.metadata = {{"depth", "64"}, {"limit", "64"}};
  details.retry_delay = absl::Milliseconds(250);
  const absl::Status status = MakeError(absl::StatusCode::kResourceExhausted, details, "the queue is full");

  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "the queue is full");
  const auto found = FindErrorDetails(status);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->reason, "QUEUE_FULL");
  EXPECT_EQ(found->field, "queries");
  EXPECT_THAT(found->metadata, ElementsAre(Pair("depth", "64"), Pair("limit", "64")));
  EXPECT_EQ(found->retry_delay, absl::Milliseconds(250));
}

TEST(ErrorTest, HostileStringsComeBackByteForByte) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte.push_back(static_cast<char>(byte));
  const std::string hostile[] = {"",
                                 "\n",
                                 "\n\n\n",
                                 "line\nbreak\r\n",
                                 "\\n",
                                 "\\",
                                 "trailing\\",
                                 "\\x41\\101",
                                 "\"quoted\" 'twice'",
                                 std::string("\0", 1),
                                 std::string("nul\0then digits 123", 19),
                                 std::string("\1"
                                             "1",
                                             2),
                                 "\xff\xfe not UTF-8",
                                 "Gedächtnis \xE2\x82\xAC",
                                 "%s%n${jndi}",
                                 every_byte,
                                 every_byte + every_byte,
                                 std::string(100000, '\n')};
  for (const std::string& text : hostile) {
    SCOPED_TRACE(::testing::PrintToString(text.substr(0, 40)));
    ErrorDetails details;
    details.reason = text;
    details.field = text;
    details.metadata = {{text, "value"}, {"key", text}, {text, text}};
    details.retry_delay = absl::Microseconds(1);
    const auto found = FindErrorDetails(MakeError(absl::StatusCode::kInternal, details, text));
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->reason, text);
    EXPECT_EQ(found->field, text);
    EXPECT_THAT(found->metadata, ElementsAre(Pair(text, "value"), Pair("key", text), Pair(text, text)));
    EXPECT_EQ(found->retry_delay, absl::Microseconds(1));
  }
}

TEST(ErrorTest, EmptyDetailsComeBackEmpty) {
  const auto found = FindErrorDetails(MakeError(absl::StatusCode::kDataLoss, ErrorDetails(), ""));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->reason, "");
  EXPECT_EQ(found->field, "");
  EXPECT_THAT(found->metadata, IsEmpty());
  EXPECT_EQ(found->retry_delay, absl::ZeroDuration());
}

TEST(ErrorTest, RetryDelaysOfAnySizeComeBack) {
  for (const absl::Duration delay :
       {absl::ZeroDuration(), absl::Microseconds(1), absl::Milliseconds(1500), absl::Hours(24 * 365 * 100)}) {
    ErrorDetails details;
    details.retry_delay = delay;
    EXPECT_EQ(FindErrorDetails(MakeError(absl::StatusCode::kUnavailable, details, "busy"))->retry_delay,
              delay);
  }
}

TEST(ErrorTest, DetailsSurviveCopiesOfTheStatus) {
  const absl::Status original = InvalidField("dim", "0", "1 to 65536");
  const absl::Status copy = original;
  EXPECT_EQ(copy, original);
  EXPECT_EQ(FindErrorDetails(copy)->field, "dim");
}

TEST(ErrorTest, ACloneSaysTheSame) {
  const absl::Status status = InvalidField("queries.cols", "3", "128");
  EXPECT_EQ(Clone(status), status);
  EXPECT_EQ(FindErrorDetails(Clone(status))->field, "queries.cols");
  EXPECT_EQ(Clone(absl::OkStatus()), absl::OkStatus());
}

TEST(ErrorTest, OtherStatusesHaveNoDetails) {
  EXPECT_FALSE(FindErrorDetails(absl::OkStatus()).has_value());
  EXPECT_FALSE(FindErrorDetails(absl::InternalError("elsewhere")).has_value());
  absl::Status foreign = absl::InternalError("elsewhere");
  foreign.SetPayload("type.googleapis.com/google.rpc.ErrorInfo", absl::Cord("\x0a\x03\n\n\n"));
  EXPECT_FALSE(FindErrorDetails(foreign).has_value());
}

TEST(ErrorTest, DamagedDetailsAreNoDetails) {
  for (const char* text : {"", "REASON", "REASON\nfield"}) {
    absl::Status damaged = absl::InternalError("elsewhere");
    damaged.SetPayload("engram/error-details", absl::Cord(text));
    EXPECT_FALSE(FindErrorDetails(damaged).has_value()) << text;
  }
}

TEST(ErrorTest, InvalidFieldNamesTheCulpritWhatWasGotAndWhatIsAllowed) {
  const absl::Status status = InvalidField("queries.cols", "3", "128, the dim of bank 'faces'");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "queries.cols: got 3, allowed 128, the dim of bank 'faces'");
  const auto found = FindErrorDetails(status);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->reason, "FIELD_INVALID");
  EXPECT_EQ(found->field, "queries.cols");
  EXPECT_THAT(found->metadata,
              ElementsAre(Pair("got", "3"), Pair("allowed", "128, the dim of bank 'faces'")));
}

TEST(ErrorTest, WithinPutsTheParentBeforeTheField) {
  const absl::Status status = Within("dynamics", Within("entmax", InvalidField("alpha", "1", "more than 1")));
  EXPECT_EQ(status, InvalidField("dynamics.entmax.alpha", "1", "more than 1"));
}

TEST(ErrorTest, WithinLeavesOtherStatusesAsTheyAre) {
  ErrorDetails details;
  details.reason = "QUEUE_FULL";
  for (const absl::Status& status :
       {absl::OkStatus(), absl::NotFoundError("bank"),
        MakeError(absl::StatusCode::kResourceExhausted, details, "the queue is full")}) {
    EXPECT_EQ(Within("dynamics", status), status);
  }
}

TEST(ErrorTest, WithinLeavesTextsThatDoNotBeginWithTheField) {
  ErrorDetails details;
  details.reason = "BANK_LIMIT";
  details.field = "rows";
  const absl::Status error = MakeError(absl::StatusCode::kResourceExhausted, details, "the bank is full");
  const absl::Status status = Within("patterns", error);
  EXPECT_EQ(status.message(), error.message());
  EXPECT_EQ(FindErrorDetails(status)->field, "patterns.rows");
}

}  // namespace
}  // namespace engram
