// Client::BulkStore against a fake server whose streams break off at every step.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/cord.h"
#include "absl/time/clock.h"
#include "engram/client.h"
#include "engram/mocks/mock_connection.h"
#include "engram/v1/error.pb.h"
#include "tests/client/fake_uploads.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::NiceMock;
using ::testing::Return;

constexpr int64_t kRows = 12;

// The numbers 0, 1, 2, ... in chunks of two rows, which are asked for once.
class CountingSource : public RowSource {
 public:
  explicit CountingSource(int64_t rows, bool has_ids = false) : rows_(rows), has_ids_(has_ids) {}

  absl::Status Next(int64_t, v1::BulkStoreRequest::Chunk* chunk) override {
    if (next_ == failing_row_) return absl::DataLossError("the file ends early");
    std::vector<float> numbers;
    for (; numbers.size() < 2 && next_ < rows_; ++next_) {
      numbers.push_back(static_cast<float>(next_));
      if (has_ids_) chunk->add_ids(1000 + static_cast<uint64_t>(next_));
    }
    if (!numbers.empty()) *chunk->mutable_patterns() = ToMatrix(numbers, 1);
    return absl::OkStatus();
  }

  void set_failing_row(int64_t row) { failing_row_ = row; }

 private:
  const int64_t rows_;
  const bool has_ids_;
  int64_t next_ = 0;
  int64_t failing_row_ = -1;
};

class BulkStoreTest : public ::testing::Test {
 protected:
  BulkStoreTest() {
    ON_CALL(*connection_, max_message_bytes).WillByDefault(Return(int64_t{64} << 20));
    ON_CALL(*connection_, BulkStore).WillByDefault([this] { return server_->Open(); });
    options_.bank = "faces";
    options_.retry.initial_backoff = absl::ZeroDuration();
  }

  absl::StatusOr<BulkStored> Store(bool has_ids = false) {
    CountingSource source(kRows, has_ids);
    progress_.clear();
    return client_.BulkStore(options_, &source, [this](int64_t rows) { progress_.push_back(rows); });
  }

  // Each number from 0 on is visible once.
  void ExpectAllRows(int64_t rows = kRows) {
    std::multiset<float> numbers;
    for (const auto& [id, number] : server_->rows()) numbers.insert(number);
    std::vector<float> expected(static_cast<size_t>(rows));
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(std::vector<float>(numbers.begin(), numbers.end()), expected);
  }

  // The ids are those of the numbers, in order.
  void ExpectIds(const std::vector<uint64_t>& ids) {
    ASSERT_EQ(ids.size(), static_cast<size_t>(kRows));
    const std::map<uint64_t, float> rows = server_->rows();
    for (size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(rows.at(ids[i]), static_cast<float>(i));
  }

  std::unique_ptr<FakeUploads> server_ = std::make_unique<FakeUploads>();
  const std::shared_ptr<NiceMock<MockConnection>> connection_ = std::make_shared<NiceMock<MockConnection>>();
  const Client client_{connection_};
  BulkStoreOptions options_;
  std::vector<int64_t> progress_;
};

TEST_F(BulkStoreTest, RowsAreStoredInOrderAndProgressIsWhatWasAcknowledged) {
  const absl::StatusOr<BulkStored> stored = Store();
  ASSERT_TRUE(stored.ok()) << stored.status();
  ExpectAllRows();
  ExpectIds(stored->ids);
  EXPECT_EQ(stored->row_count, kRows);
  EXPECT_EQ(stored->version, 6);
  EXPECT_THAT(progress_, ElementsAre(2, 4, 6, 8, 10, 12));
}

TEST_F(BulkStoreTest, AtomicRowsBecomeVisibleAtTheEnd) {
  options_.atomic = true;
  const absl::StatusOr<BulkStored> stored = Store();
  ASSERT_TRUE(stored.ok()) << stored.status();
  ExpectIds(stored->ids);
  EXPECT_EQ(stored->version, 1);
}

TEST_F(BulkStoreTest, NoRowsAreAnUploadWithoutChunks) {
  CountingSource source(0);
  const absl::StatusOr<BulkStored> stored = client_.BulkStore(options_, &source);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->row_count, 0);
  EXPECT_EQ(server_->chunks(), 0);
}

TEST_F(BulkStoreTest, AsManyChunksAsAllowedAreSentAheadAndNoMore) {
  for (const int ahead : {1, 2, 5}) {
    server_ = std::make_unique<FakeUploads>();
    server_->HoldReplies(ahead, kRows);  // Without them nothing would ever be acknowledged.
    options_.chunks_ahead = ahead;
    ASSERT_TRUE(Store().ok());
    EXPECT_EQ(server_->most_ahead(), ahead);
  }
}

struct Breaks {
  bool atomic;
  bool has_ids;
  bool lose_replies;
  bool repeat_ids;
};

class BrokenUploadTest : public BulkStoreTest, public ::testing::WithParamInterface<Breaks> {};

TEST_P(BrokenUploadTest, GoesOnWithoutLosingOrRepeatingRowsWhereverItBreaksOff) {
  const Breaks& breaks = GetParam();
  options_.atomic = breaks.atomic;
  ASSERT_TRUE(Store(breaks.has_ids).ok());
  const int64_t events = server_->events();
  for (int64_t event = 0; event < events; ++event) {
    SCOPED_TRACE(event);
    server_ = std::make_unique<FakeUploads>();
    server_->BreakAt(event, breaks.lose_replies);
    if (breaks.repeat_ids) server_->RepeatIds();
    const absl::StatusOr<BulkStored> stored = Store(breaks.has_ids);
    ExpectAllRows();
    if (stored.ok()) {
      EXPECT_EQ(stored->row_count, kRows);
      const bool ids_may_be_lost = breaks.lose_replies && !breaks.has_ids && !breaks.repeat_ids;
      if (!ids_may_be_lost || !stored->ids.empty()) ExpectIds(stored->ids);
      EXPECT_EQ(progress_.back(), kRows);
    } else {
      // Only the loss of the first answer to the finish of an atomic upload leaves open what became of it.
      EXPECT_TRUE(breaks.atomic);
      EXPECT_EQ(stored.status().code(), absl::StatusCode::kUnknown) << stored.status();
      EXPECT_GE(event, events - 3);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(BulkStoreTest, BrokenUploadTest,
                         ::testing::Values(Breaks{false, false, false, false},
                                           Breaks{false, false, true, false},
                                           Breaks{false, false, true, true}, Breaks{false, true, true, false},
                                           Breaks{true, false, false, false},
                                           Breaks{true, false, true, false},
                                           Breaks{true, true, true, false}));

TEST_F(BulkStoreTest, TriesWithoutProgressAreBounded) {
  server_->BreakAlways();
  options_.retry.max_attempts = 3;
  const absl::Status status = Store().status();
  EXPECT_EQ(status, absl::UnavailableError("broken off"));
  EXPECT_EQ(server_->streams(), 3);
  EXPECT_THAT(server_->rows(), IsEmpty());
}

TEST_F(BulkStoreTest, OneAttemptMeansNoResumption) {
  server_->BreakAt(6, true);
  options_.retry.max_attempts = 1;
  EXPECT_EQ(Store().status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(server_->streams(), 1);
}

absl::Status BusyFor(absl::Duration delay) {
  v1::RetryInfo info;
  info.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(delay)));
  absl::Status status = absl::ResourceExhaustedError("busy");
  status.SetPayload("type.googleapis.com/google.rpc.RetryInfo", absl::Cord(info.SerializeAsString()));
  return status;
}

TEST_F(BulkStoreTest, GoesOnAfterTheDelayOfAServerThatIsBusy) {
  constexpr absl::Duration kDelay = absl::Milliseconds(20);
  for (const bool atomic : {false, true}) {
    server_ = std::make_unique<FakeUploads>();
    server_->FailAtRow(4, BusyFor(kDelay), 2);
    options_.atomic = atomic;
    const absl::Time start = absl::Now();
    const absl::StatusOr<BulkStored> stored = Store();
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_GE(absl::Now() - start, 2 * kDelay);
    EXPECT_EQ(server_->streams(), 3);
    ExpectAllRows();
  }
}

TEST_F(BulkStoreTest, TriesOfAServerThatStaysBusyAreBounded) {
  server_->FailAtRow(4, BusyFor(absl::Nanoseconds(1)));
  options_.retry.max_attempts = 3;
  const absl::Status status = Store().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "busy (after 4 rows, which stay stored)");
  // The first stream made progress: it is the first of the three.
  EXPECT_EQ(server_->streams(), 3);
}

TEST_F(BulkStoreTest, OtherErrorsEndTheUploadAndTellWhatStays) {
  server_->FailAtRow(4, absl::ResourceExhaustedError("memory budget"));
  EXPECT_EQ(Store().status(),
            absl::ResourceExhaustedError("memory budget (after 4 rows, which stay stored)"));
  EXPECT_EQ(server_->streams(), 1);
  ExpectAllRows(4);
}

TEST_F(BulkStoreTest, AFailedAtomicUploadSaysThatNothingIsVisible) {
  options_.atomic = true;
  server_->FailAtRow(4, absl::ResourceExhaustedError("memory budget"));
  EXPECT_EQ(Store().status(),
            absl::ResourceExhaustedError("memory budget (after 4 rows, of which none is visible)"));
  EXPECT_THAT(server_->rows(), IsEmpty());
}

TEST_F(BulkStoreTest, AnErrorOfTheSourceCancelsTheUpload) {
  CountingSource source(kRows);
  source.set_failing_row(6);
  const absl::Status status = client_.BulkStore(options_, &source).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(status.message()), HasSubstr("the file ends early"));
}

// A request larger than a chunk, with ids, values and payloads.
v1::StoreRequest LargeRequest(int64_t rows, int64_t dim) {
  v1::StoreRequest request;
  std::vector<float> numbers;
  for (int64_t i = 0; i < rows; ++i)
    numbers.insert(numbers.end(), static_cast<size_t>(dim), static_cast<float>(i));
  *request.mutable_patterns() = ToMatrix(numbers, dim);
  return request;
}

TEST_F(BulkStoreTest, ARequestGoesInChunksOfAtMostOneMebibyte) {
  const v1::StoreRequest request = LargeRequest(100, 8192);
  ASSERT_TRUE(client_.BulkStore(options_, request).ok());
  EXPECT_EQ(server_->chunks(), 4);
  EXPECT_LE(server_->largest_message(), int64_t{1} << 20);
  EXPECT_GT(server_->largest_message(), int64_t{9} << 16);
}

TEST_F(BulkStoreTest, ChunksFitTheMessagesOfTheConnection) {
  ON_CALL(*connection_, max_message_bytes).WillByDefault(Return(int64_t{256} << 10));
  ASSERT_TRUE(client_.BulkStore(options_, LargeRequest(100, 8192)).ok());
  EXPECT_LE(server_->largest_message(), int64_t{256} << 10);
}

TEST_F(BulkStoreTest, AMalformedRequestIsForTheServerToExplain) {
  v1::StoreRequest request = LargeRequest(3, 1);
  request.add_ids(1);
  EXPECT_CALL(*connection_, Store).WillOnce([](const v1::StoreRequest& sent) {
    EXPECT_EQ(sent.bank(), "faces");
    return absl::InvalidArgumentError("ids: got 1 entry");
  });
  EXPECT_EQ(client_.BulkStore(options_, request).status(), absl::InvalidArgumentError("ids: got 1 entry"));
  EXPECT_EQ(server_->streams(), 0);
}

}  // namespace
}  // namespace engram
