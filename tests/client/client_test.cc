#include "engram/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "engram/mocks/mock_connection.h"
#include "engram/mocks/mock_stream.h"

namespace engram {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::NiceMock;
using ::testing::Pair;
using ::testing::Return;

// Small enough that 100 rows of 16 floats take several messages: 4 KiB are kept for everything but rows.
constexpr int64_t kLimit = 4096 + 1024;
constexpr int64_t kRows = 100;
constexpr int64_t kDim = 16;
constexpr int64_t kValueDim = 3;

// Row i is i everywhere, in the encoding asked for.
v1::Matrix CountingRows(int64_t rows, int64_t cols, v1::MatrixEncoding encoding) {
  std::vector<float> values;
  for (int64_t i = 0; i < rows; ++i) values.insert(values.end(), cols, static_cast<float>(i));
  v1::Matrix matrix = ToMatrix(values, cols);
  if (encoding == v1::MATRIX_ENCODING_FLOATS) {
    matrix.clear_data();
    matrix.mutable_values()->Add(values.begin(), values.end());
  }
  return matrix;
}

// Row i has the id 1000 + i, the value i and the payload "i".
v1::StoreRequest CountingStore(v1::MatrixEncoding encoding) {
  v1::StoreRequest request;
  request.set_bank("faces");
  *request.mutable_patterns() = CountingRows(kRows, kDim, encoding);
  *request.mutable_values() = CountingRows(kRows, kValueDim, encoding);
  for (int64_t i = 0; i < kRows; ++i) {
    request.add_ids(1000 + i);
    request.add_payloads(std::to_string(i));
  }
  return request;
}

class ClientTest : public ::testing::Test {
 protected:
  ClientTest() { ON_CALL(*connection_, max_message_bytes).WillByDefault(Return(kLimit)); }

  // From now on every Store succeeds, is kept in stored_ and counts up the version.
  void AcceptStores() {
    ON_CALL(*connection_, Store).WillByDefault([this](const v1::StoreRequest& request) {
      stored_.push_back(request);
      v1::StoreResponse response;
      *response.mutable_ids() = request.ids();
      response.set_version(static_cast<int64_t>(stored_.size()));
      return response;
    });
  }

  const std::shared_ptr<NiceMock<MockConnection>> connection_ = std::make_shared<NiceMock<MockConnection>>();
  const Client client_{connection_};
  std::vector<v1::StoreRequest> stored_;
};

TEST_F(ClientTest, ASmallStoreIsOneCallAsGiven) {
  AcceptStores();
  v1::StoreRequest request;
  request.set_bank("faces");
  *request.mutable_patterns() = CountingRows(3, kDim, v1::MATRIX_ENCODING_BYTES);

  ASSERT_TRUE(client_.Store(request).ok());
  ASSERT_EQ(stored_.size(), 1u);
  EXPECT_EQ(stored_[0].SerializeAsString(), request.SerializeAsString());
}

class ChunkedStoreTest : public ClientTest, public ::testing::WithParamInterface<v1::MatrixEncoding> {};

TEST_P(ChunkedStoreTest, EveryMessageFitsAndNothingIsLostOrReordered) {
  AcceptStores();
  const v1::StoreRequest request = CountingStore(GetParam());
  const absl::StatusOr<v1::StoreResponse> response = client_.Store(request);

  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_GT(stored_.size(), 3u);
  int64_t row = 0;
  for (const v1::StoreRequest& chunk : stored_) {
    EXPECT_LE(static_cast<int64_t>(chunk.ByteSizeLong()), kLimit);
    EXPECT_EQ(chunk.bank(), "faces");
    EXPECT_EQ(chunk.patterns().data().empty(), GetParam() == v1::MATRIX_ENCODING_FLOATS);
    const std::vector<float> patterns = *ToValues(chunk.patterns());
    const std::vector<float> values = *ToValues(chunk.values());
    ASSERT_EQ(chunk.values().rows(), chunk.patterns().rows());
    ASSERT_EQ(chunk.ids_size(), chunk.patterns().rows());
    ASSERT_EQ(chunk.payloads_size(), chunk.patterns().rows());
    for (int i = 0; i < chunk.ids_size(); ++i, ++row) {
      EXPECT_EQ(patterns[i * kDim], row);
      EXPECT_EQ(values[i * kValueDim], row);
      EXPECT_EQ(chunk.ids(i), 1000u + row);
      EXPECT_EQ(chunk.payloads(i), std::to_string(row));
    }
  }
  EXPECT_EQ(row, kRows);
  EXPECT_EQ(response->ids_size(), kRows);
  EXPECT_EQ(response->ids(kRows - 1), 1000u + kRows - 1);
  EXPECT_EQ(response->version(), static_cast<int64_t>(stored_.size()));
}

TEST_P(ChunkedStoreTest, ProgressCountsAcknowledgedPatterns) {
  AcceptStores();
  std::vector<int64_t> progress;
  ASSERT_TRUE(client_.Store(CountingStore(GetParam()), [&](int64_t rows) { progress.push_back(rows); }).ok());

  ASSERT_EQ(progress.size(), stored_.size());
  int64_t rows = 0;
  for (size_t i = 0; i < stored_.size(); ++i) {
    rows += stored_[i].patterns().rows();
    EXPECT_EQ(progress[i], rows);
  }
  EXPECT_EQ(progress.back(), kRows);
}

INSTANTIATE_TEST_SUITE_P(BothEncodings, ChunkedStoreTest,
                         ::testing::Values(v1::MATRIX_ENCODING_BYTES, v1::MATRIX_ENCODING_FLOATS));

TEST_F(ClientTest, AWatchedStoreGoesInPiecesOfFourMebibytes) {
  ON_CALL(*connection_, max_message_bytes).WillByDefault(Return(int64_t{64} << 20));
  AcceptStores();
  v1::StoreRequest request;
  *request.mutable_patterns() = CountingRows(9, 1 << 18, v1::MATRIX_ENCODING_BYTES);  // 9 MiB.

  ASSERT_TRUE(client_.Store(request).ok());
  EXPECT_EQ(stored_.size(), 1u);
  stored_.clear();
  ASSERT_TRUE(client_.Store(request, [](int64_t) {}).ok());
  EXPECT_EQ(stored_.size(), 3u);
  for (const v1::StoreRequest& piece : stored_) EXPECT_EQ(piece.patterns().rows(), 3);
}

TEST_F(ClientTest, LargePayloadsCountTowardsTheLimit) {
  AcceptStores();
  v1::StoreRequest request;
  *request.mutable_patterns() = CountingRows(8, 1, v1::MATRIX_ENCODING_BYTES);
  for (int i = 0; i < 8; ++i) request.add_payloads(std::string(900, 'x'));

  ASSERT_TRUE(client_.Store(request).ok());
  EXPECT_EQ(stored_.size(), 8u);
  for (const v1::StoreRequest& chunk : stored_) EXPECT_EQ(chunk.payloads_size(), 1);
}

TEST_F(ClientTest, ARowThatNoMessageHoldsGoesAloneForTheServerToRefuse) {
  v1::StoreRequest request;
  *request.mutable_patterns() = CountingRows(2, 2 * kLimit, v1::MATRIX_ENCODING_BYTES);
  EXPECT_CALL(*connection_, Store).WillOnce([](const v1::StoreRequest& chunk) {
    EXPECT_EQ(chunk.patterns().rows(), 1);
    return absl::ResourceExhaustedError("too large");
  });
  EXPECT_EQ(client_.Store(request).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(ClientTest, AnErrorTellsHowManyPatternsStayStored) {
  v1::StoreResponse accepted;
  EXPECT_CALL(*connection_, Store)
      .WillOnce(Return(accepted))
      .WillOnce(Return(accepted))
      .WillOnce(Return(absl::ResourceExhaustedError("memory budget")));
  std::vector<int64_t> progress;
  const absl::Status status =
      client_.Store(CountingStore(v1::MATRIX_ENCODING_BYTES), [&](int64_t rows) { progress.push_back(rows); })
          .status();

  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  ASSERT_EQ(progress.size(), 2u);
  EXPECT_EQ(status.message(),
            "memory budget (after " + std::to_string(progress[1]) + " of 100 patterns, which stay stored)");
}

TEST_F(ClientTest, AnErrorOfTheFirstChunkIsTheServersOwn) {
  EXPECT_CALL(*connection_, Store).WillOnce(Return(absl::NotFoundError("no bank is named 'faces'")));
  const absl::Status status = client_.Store(CountingStore(v1::MATRIX_ENCODING_BYTES)).status();
  EXPECT_EQ(status, absl::NotFoundError("no bank is named 'faces'"));
}

// Requests too large for one message whose parts do not match: cutting them would hide what is wrong.
TEST_F(ClientTest, AMalformedStoreGoesWholeForTheServerToExplain) {
  std::vector<v1::StoreRequest> malformed(6, CountingStore(v1::MATRIX_ENCODING_BYTES));
  malformed[0].mutable_ids()->RemoveLast();
  malformed[1].mutable_payloads()->RemoveLast();
  malformed[2].mutable_values()->set_rows(kRows - 1);
  malformed[3].mutable_patterns()->set_cols(kDim + 1);
  malformed[4].mutable_patterns()->add_values(1);
  malformed[5].mutable_patterns()->set_rows(int64_t{1} << 62);
  for (const v1::StoreRequest& request : malformed) {
    EXPECT_CALL(*connection_, Store).WillOnce([&](const v1::StoreRequest& sent) {
      EXPECT_EQ(sent.SerializeAsString(), request.SerializeAsString());
      return absl::InvalidArgumentError("ids: got 99 entries");
    });
    EXPECT_EQ(client_.Store(request).status(), absl::InvalidArgumentError("ids: got 99 entries"));
  }
}

TEST_F(ClientTest, AnEmptyStoreIsSentForTheServerToRefuse) {
  EXPECT_CALL(*connection_, Store).WillOnce(Return(absl::InvalidArgumentError("patterns.rows: got 0")));
  EXPECT_FALSE(client_.Store(v1::StoreRequest()).ok());
}

v1::ListBanksResponse Page(const std::vector<std::string>& names, const std::string& next) {
  v1::ListBanksResponse page;
  for (const std::string& name : names) page.add_banks()->set_name(name);
  page.set_next_page_token(next);
  return page;
}

MATCHER_P(HasPageToken, token, "") { return arg.page_token() == token; }
MATCHER_P(HasName, name, "") { return arg.name() == name; }

TEST_F(ClientTest, ListBanksFollowsThePages) {
  EXPECT_CALL(*connection_, ListBanks(HasPageToken(""))).WillOnce(Return(Page({"a", "b"}, "b")));
  EXPECT_CALL(*connection_, ListBanks(HasPageToken("b"))).WillOnce(Return(Page({"c"}, "c")));
  EXPECT_CALL(*connection_, ListBanks(HasPageToken("c"))).WillOnce(Return(Page({}, "")));
  const absl::StatusOr<std::vector<v1::Bank>> banks = client_.ListBanks();

  ASSERT_TRUE(banks.ok()) << banks.status();
  EXPECT_THAT(*banks, ElementsAre(HasName("a"), HasName("b"), HasName("c")));
}

TEST_F(ClientTest, ListBanksOfAnEmptyServerIsEmpty) {
  EXPECT_CALL(*connection_, ListBanks).WillOnce(Return(v1::ListBanksResponse()));
  EXPECT_THAT(*client_.ListBanks(), IsEmpty());
}

TEST_F(ClientTest, ListBanksReturnsTheErrorOfALaterPage) {
  EXPECT_CALL(*connection_, ListBanks)
      .WillOnce(Return(Page({"a"}, "a")))
      .WillOnce(Return(absl::UnavailableError("gone")));
  EXPECT_EQ(client_.ListBanks().status(), absl::UnavailableError("gone"));
}

TEST_F(ClientTest, BanksAreNamedInRequestsAndUnwrappedFromResponses) {
  v1::Bank bank;
  bank.set_name("faces");
  bank.set_dim(128);
  v1::GetBankResponse got;
  *got.mutable_bank() = bank;
  v1::CreateBankResponse created;
  *created.mutable_bank() = bank;
  EXPECT_CALL(*connection_, GetBank(HasName("faces"))).WillOnce(Return(got));
  EXPECT_CALL(*connection_, CreateBank(HasName("faces"))).WillOnce(Return(created));
  v1::UpdateBankResponse updated;
  *updated.mutable_bank() = bank;
  EXPECT_CALL(*connection_, UpdateBank(HasName("faces"))).WillOnce(Return(updated));
  EXPECT_CALL(*connection_, DeleteBank(HasName("faces"))).WillOnce(Return(v1::DeleteBankResponse()));

  v1::CreateBankRequest request;
  request.set_name("faces");
  EXPECT_EQ(client_.CreateBank(request)->dim(), 128);
  v1::UpdateBankRequest update;
  update.set_name("faces");
  EXPECT_EQ(client_.UpdateBank(update)->dim(), 128);
  EXPECT_EQ(client_.GetBank("faces")->dim(), 128);
  EXPECT_TRUE(client_.DeleteBank("faces").ok());
}

TEST_F(ClientTest, ErrorsComeBackAsTheyAre) {
  const absl::Status error = absl::NotFoundError("no bank is named 'faces'");
  EXPECT_CALL(*connection_, CreateBank).WillOnce(Return(error));
  EXPECT_CALL(*connection_, GetBank).WillOnce(Return(error));
  EXPECT_CALL(*connection_, DeleteBank).WillOnce(Return(error));
  EXPECT_CALL(*connection_, GetPatterns).WillOnce(Return(error));
  EXPECT_CALL(*connection_, DeletePatterns).WillOnce(Return(error));
  EXPECT_CALL(*connection_, Retrieve).WillOnce(Return(error));
  EXPECT_CALL(*connection_, Energy).WillOnce(Return(error));
  EXPECT_CALL(*connection_, UpdateBank).WillOnce(Return(error));
  EXPECT_CALL(*connection_, Differentiate).WillOnce(Return(error));
  EXPECT_CALL(*connection_, ScanPatterns).WillOnce(Return(error));
  EXPECT_CALL(*connection_, Recall).WillOnce(Return(error));
  EXPECT_CALL(*connection_, ReportSeparation).WillOnce(Return(error));
  EXPECT_CALL(*connection_, CreateSnapshot).WillOnce(Return(error));
  EXPECT_CALL(*connection_, GetSnapshot).WillOnce(Return(error));
  EXPECT_CALL(*connection_, ListSnapshots).WillOnce(Return(error));
  EXPECT_CALL(*connection_, VerifySnapshot).WillOnce(Return(error));
  EXPECT_CALL(*connection_, RestoreBank).WillOnce(Return(error));
  EXPECT_CALL(*connection_, DeleteSnapshot).WillOnce(Return(error));
  EXPECT_CALL(*connection_, GetCapabilities).WillOnce(Return(error));
  EXPECT_CALL(*connection_, CheckHealth("bank/faces")).WillOnce(Return(error));

  EXPECT_EQ(client_.CreateBank({}).status(), error);
  EXPECT_EQ(client_.GetBank("faces").status(), error);
  EXPECT_EQ(client_.DeleteBank("faces"), error);
  EXPECT_EQ(client_.GetPatterns({}).status(), error);
  EXPECT_EQ(client_.DeletePatterns({}).status(), error);
  EXPECT_EQ(client_.Retrieve({}).status(), error);
  EXPECT_EQ(client_.Energy({}).status(), error);
  EXPECT_EQ(client_.UpdateBank({}).status(), error);
  EXPECT_EQ(client_.Differentiate({}).status(), error);
  EXPECT_EQ(client_.ScanPatterns({}, [](const auto&) { return true; }), error);
  EXPECT_EQ(client_.Recall({}, [](const auto&) { return true; }), error);
  EXPECT_EQ(client_.ReportSeparation({}).status(), error);
  EXPECT_EQ(client_.CreateSnapshot({}).status(), error);
  EXPECT_EQ(client_.GetSnapshot({}).status(), error);
  EXPECT_EQ(client_.ListSnapshots({}).status(), error);
  EXPECT_EQ(client_.VerifySnapshot({}).status(), error);
  EXPECT_EQ(client_.RestoreBank({}).status(), error);
  EXPECT_EQ(client_.DeleteSnapshot({}), error);
  EXPECT_EQ(client_.GetCapabilities().status(), error);
  EXPECT_EQ(client_.CheckHealth("bank/faces"), error);
}

// Ids are 1 and 2, then 3 and 4, then 5 and 6; a cursor is the last id before it.
v1::ScanPatternsResponse ScanChunk(uint64_t first) {
  v1::ScanPatternsResponse chunk;
  chunk.add_ids(first);
  chunk.add_ids(first + 1);
  chunk.set_next_cursor(std::to_string(first + 1));
  return chunk;
}

class ScanTest : public ClientTest {
 protected:
  using OnMessage = std::function<bool(const v1::ScanPatternsResponse&)>;

  // A connection that breaks off before each chunk with the numbers in `breaks`, counted over all calls.
  void Serve(std::set<int> breaks) {
    ON_CALL(*connection_, ScanPatterns)
        .WillByDefault([this, breaks](const v1::ScanPatternsRequest& request, const OnMessage& on_message) {
          cursors_.push_back(request.cursor());
          for (uint64_t id = request.cursor().empty() ? 1 : std::stoul(request.cursor()) + 1; id < 7;
               id += 2) {
            if (breaks.count(++chunks_) > 0) return absl::UnavailableError("broken off");
            if (!on_message(ScanChunk(id))) return absl::OkStatus();
          }
          return breaks.count(++chunks_) > 0 ? absl::UnavailableError("broken off") : absl::OkStatus();
        });
  }

  absl::Status Scan(int max_attempts = 5) {
    RetryOptions retry;
    retry.max_attempts = max_attempts;
    retry.initial_backoff = absl::ZeroDuration();
    v1::ScanPatternsRequest request;
    request.set_bank("faces");
    return client_.ScanPatterns(
        request,
        [this](const v1::ScanPatternsResponse& chunk) {
          ids_.insert(ids_.end(), chunk.ids().begin(), chunk.ids().end());
          return ids_.size() < stop_at_;
        },
        retry);
  }

  int chunks_ = 0;
  size_t stop_at_ = 100;
  std::vector<std::string> cursors_;
  std::vector<uint64_t> ids_;
};

TEST_F(ScanTest, ChunksComeInOrder) {
  Serve({});
  EXPECT_TRUE(Scan().ok());
  EXPECT_THAT(ids_, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(ScanTest, GoesOnAfterTheLastChunkWhereverItBreaksOff) {
  for (int broken = 1; broken <= 4; ++broken) {
    ids_.clear();
    cursors_.clear();
    chunks_ = 0;
    Serve({broken});
    EXPECT_TRUE(Scan().ok());
    EXPECT_THAT(ids_, ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_THAT(cursors_, ElementsAre("", broken == 1 ? "" : std::to_string(2 * (broken - 1))));
  }
}

TEST_F(ScanTest, AChunkIsProgressAndStartsTheCountOfTriesAgain) {
  Serve({1, 3, 5, 7});
  EXPECT_TRUE(Scan(2).ok());
  EXPECT_THAT(ids_, ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(ScanTest, TriesWithoutProgressAreBounded) {
  Serve({1, 2, 3});
  EXPECT_EQ(Scan(3), absl::UnavailableError("broken off"));
  EXPECT_EQ(cursors_.size(), 3u);
}

TEST_F(ScanTest, StopsWhenToldTo) {
  Serve({});
  stop_at_ = 3;
  EXPECT_TRUE(Scan().ok());
  EXPECT_THAT(ids_, ElementsAre(1, 2, 3, 4));
}

TEST_F(ScanTest, AStreamThatCannotBeResumedIsNotBegunAgain) {
  EXPECT_CALL(*connection_, ScanPatterns)
      .WillOnce([](const v1::ScanPatternsRequest&, const OnMessage& on_message) {
        v1::ScanPatternsResponse chunk = ScanChunk(1);
        chunk.clear_next_cursor();
        on_message(chunk);
        return absl::UnavailableError("broken off");
      });
  EXPECT_EQ(Scan(), absl::UnavailableError("broken off"));
  EXPECT_THAT(ids_, ElementsAre(1, 2));
}

TEST_F(ClientTest, TheSeparationReportComesAfterItsProgress) {
  using OnMessage = std::function<bool(const v1::ReportSeparationResponse&)>;
  EXPECT_CALL(*connection_, ReportSeparation)
      .WillOnce([](const v1::ReportSeparationRequest&, const OnMessage& on_message) {
        v1::ReportSeparationResponse message;
        message.set_pattern_count(10);
        EXPECT_TRUE(on_message(message));
        message.set_done_count(10);
        message.mutable_report()->set_exact_count(7);
        EXPECT_TRUE(on_message(message));
        return absl::OkStatus();
      })
      .WillOnce(Return(absl::OkStatus()));
  std::vector<int64_t> progress;
  const absl::StatusOr<v1::SeparationReport> report =
      client_.ReportSeparation({}, [&](int64_t done, int64_t total) {
        EXPECT_EQ(total, 10);
        progress.push_back(done);
      });
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->exact_count(), 7);
  EXPECT_THAT(progress, ElementsAre(0, 10));
  EXPECT_EQ(client_.ReportSeparation({}).status().code(), absl::StatusCode::kInternal);
}

TEST_F(ClientTest, ASnapshotComesAfterItsProgress) {
  using OnMessage = std::function<bool(const v1::CreateSnapshotResponse&)>;
  EXPECT_CALL(*connection_, CreateSnapshot)
      .WillOnce([](const v1::CreateSnapshotRequest& request, const OnMessage& on_message) {
        v1::CreateSnapshotResponse message;
        message.mutable_progress()->set_done_bytes(5);
        message.mutable_progress()->set_total_bytes(10);
        EXPECT_TRUE(on_message(message));
        message.Clear();
        message.mutable_snapshot()->set_name(request.name());
        EXPECT_TRUE(on_message(message));
        return absl::OkStatus();
      })
      .WillOnce(Return(absl::OkStatus()));
  v1::CreateSnapshotRequest request;
  request.set_name("s");
  std::vector<std::pair<int64_t, int64_t>> progress;
  const absl::StatusOr<v1::Snapshot> snapshot = client_.CreateSnapshot(
      request, [&](int64_t done, int64_t total) { progress.emplace_back(done, total); });
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->name(), "s");
  EXPECT_THAT(progress, ElementsAre(Pair(5, 10)));
  EXPECT_EQ(client_.CreateSnapshot({}).status().code(), absl::StatusCode::kInternal);
}

TEST_F(ClientTest, WithoutFindingsASnapshotWasVerifiedAllTheSame) {
  using OnMessage = std::function<bool(const v1::VerifySnapshotResponse&)>;
  v1::VerifySnapshotResponse last;
  last.set_finished(true);
  const auto send_last = [&](const v1::VerifySnapshotRequest&, const OnMessage& on_message) {
    EXPECT_TRUE(on_message(last));
    return absl::OkStatus();
  };
  EXPECT_CALL(*connection_, VerifySnapshot)
      .WillOnce(send_last)
      .WillOnce(send_last)
      .WillOnce(Return(absl::OkStatus()));
  EXPECT_THAT(*client_.VerifySnapshot({}), ElementsAre());
  last.add_findings("000012.sst is damaged");
  EXPECT_THAT(*client_.VerifySnapshot({}), ElementsAre("000012.sst is damaged"));
  EXPECT_EQ(client_.VerifySnapshot({}).status().code(), absl::StatusCode::kInternal);
}

TEST_F(ClientTest, ARestoredBankComesInTheLastMessage) {
  using OnMessage = std::function<bool(const v1::RestoreBankResponse&)>;
  EXPECT_CALL(*connection_, RestoreBank)
      .WillOnce([](const v1::RestoreBankRequest& request, const OnMessage& on_message) {
        v1::RestoreBankResponse message;
        message.mutable_progress()->set_total_bytes(10);
        EXPECT_TRUE(on_message(message));
        message.mutable_bank()->set_name(request.bank());
        EXPECT_TRUE(on_message(message));
        return absl::OkStatus();
      })
      .WillOnce(Return(absl::OkStatus()));
  v1::RestoreBankRequest request;
  request.set_bank("faces");
  EXPECT_EQ(client_.RestoreBank(request)->name(), "faces");
  EXPECT_EQ(client_.RestoreBank({}).status().code(), absl::StatusCode::kInternal);
}

TEST_F(ClientTest, StreamsOfRetrievalsAreTheConnections) {
  EXPECT_CALL(*connection_, RetrieveStream).WillOnce([] {
    auto stream = std::make_unique<MockStream<v1::RetrieveRequest, v1::RetrieveResponse>>();
    EXPECT_CALL(*stream, Finish).WillOnce(Return(absl::NotFoundError("no bank")));
    return stream;
  });
  EXPECT_EQ(client_.RetrieveStream()->Finish(), absl::NotFoundError("no bank"));
}

TEST_F(ClientTest, CopiesShareOneConnection) {
  EXPECT_CALL(*connection_, CheckHealth("")).Times(2).WillRepeatedly(Return(absl::OkStatus()));
  const Client copy = client_;  // NOLINT: the copy is what is tested.
  EXPECT_TRUE(client_.CheckHealth().ok());
  EXPECT_TRUE(copy.CheckHealth().ok());
}

}  // namespace
}  // namespace engram
