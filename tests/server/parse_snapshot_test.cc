#include "server/parse_snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "core/base/error.h"
#include "tests/server/fake_snapshot_store.h"

namespace engram {
namespace {

using ::testing::HasSubstr;

class ParseSnapshotTest : public ::testing::Test {
 protected:
  FakeSnapshotStore snapshots_;
  FakeSnapshotStore backups_;
  SnapshotPlaces places_{&snapshots_, &backups_};
};

void ExpectError(const absl::Status& status, absl::StatusCode code, const std::string& reason,
                 const std::string& field) {
  EXPECT_EQ(status.code(), code) << status;
  ASSERT_TRUE(FindErrorDetails(status).has_value()) << status;
  EXPECT_EQ(FindErrorDetails(status)->reason, reason);
  EXPECT_EQ(FindErrorDetails(status)->field, field);
}

TEST_F(ParseSnapshotTest, ThePlaceIsTheDataDirectoryUnlessItIsGiven) {
  absl::StatusOr<SnapshotCall> call = ParsePlace(v1::SNAPSHOT_PLACE_UNSPECIFIED, places_);
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->place, v1::SNAPSHOT_PLACE_DATA_DIRECTORY);
  EXPECT_EQ(call->store, &snapshots_);
  call = ParsePlace(v1::SNAPSHOT_PLACE_DATA_DIRECTORY, places_);
  EXPECT_EQ(call->store, &snapshots_);
  call = ParsePlace(v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY, places_);
  EXPECT_EQ(call->place, v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY);
  EXPECT_EQ(call->store, &backups_);
  const absl::Status status = ParsePlace(static_cast<v1::SnapshotPlace>(3), places_).status();
  ExpectError(status, absl::StatusCode::kInvalidArgument, "FIELD_INVALID", "place");
}

TEST_F(ParseSnapshotTest, ADirectoryThatTheServerHasNotIsAPrecondition) {
  places_.backup_directory = nullptr;
  EXPECT_TRUE(ParsePlace(v1::SNAPSHOT_PLACE_DATA_DIRECTORY, places_).ok());
  absl::Status status = ParsePlace(v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY, places_).status();
  ExpectError(status, absl::StatusCode::kFailedPrecondition, "NO_BACKUP_DIRECTORY", "place");
  EXPECT_THAT(std::string(status.message()), HasSubstr("--backup-dir"));
  places_.data_directory = nullptr;
  for (const v1::SnapshotPlace place :
       {v1::SNAPSHOT_PLACE_UNSPECIFIED, v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY}) {
    status = ParsePlace(place, places_).status();
    ExpectError(status, absl::StatusCode::kFailedPrecondition, "NO_DATA_DIRECTORY", "");
    EXPECT_THAT(std::string(status.message()), HasSubstr("--data-dir"));
  }
}

TEST_F(ParseSnapshotTest, NamesAreThoseThatASnapshotMayHave) {
  for (const std::string& name :
       {std::string("a"), std::string("20261122-101500"), std::string("A.b_c-9"), std::string(128, 'x')}) {
    const absl::StatusOr<SnapshotCall> call =
        ParseSnapshot(name, "name", v1::SNAPSHOT_PLACE_UNSPECIFIED, places_);
    ASSERT_TRUE(call.ok()) << call.status();
    EXPECT_EQ(call->name, name);
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("-a"), std::string("a/b"),
        std::string("../a"), std::string("a.tmp"), std::string("a b"), std::string("a\n"),
        std::string("a\0b", 3), std::string(129, 'x'), std::string("\xc3\xa9")}) {
    const absl::Status status = ParseSnapshot(name, "name", v1::SNAPSHOT_PLACE_UNSPECIFIED, places_).status();
    ExpectError(status, absl::StatusCode::kInvalidArgument, "FIELD_INVALID", "name");
    EXPECT_THAT(std::string(status.message()), HasSubstr(".tmp"));
  }
}

TEST_F(ParseSnapshotTest, OnlyANewSnapshotMayBeWithoutAName) {
  v1::CreateSnapshotRequest request;
  absl::StatusOr<SnapshotCall> call = ParseCreateSnapshot(request, places_);
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->name, "");
  request.set_name("b");
  request.set_place(v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY);
  call = ParseCreateSnapshot(request, places_);
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->name, "b");
  EXPECT_EQ(call->store, &backups_);
  request.set_name("b.tmp");
  ExpectError(ParseCreateSnapshot(request, places_).status(), absl::StatusCode::kInvalidArgument,
              "FIELD_INVALID", "name");
}

TEST_F(ParseSnapshotTest, ABankIsRestoredUnderItsNameUnlessAnotherIsGiven) {
  v1::RestoreBankRequest request;
  request.set_snapshot("s");
  request.set_bank("faces");
  absl::StatusOr<RestoreCall> call = ParseRestoreBank(request, places_);
  ASSERT_TRUE(call.ok()) << call.status();
  EXPECT_EQ(call->snapshot.name, "s");
  EXPECT_EQ(call->bank, "faces");
  EXPECT_EQ(call->new_name, "faces");
  request.set_new_name("faces-2");
  EXPECT_EQ(ParseRestoreBank(request, places_)->new_name, "faces-2");
}

TEST_F(ParseSnapshotTest, ErrorsOfARestoreNameTheField) {
  v1::RestoreBankRequest request;
  request.set_snapshot("s");
  const auto expect_invalid = [&](const std::string& field) {
    ExpectError(ParseRestoreBank(request, places_).status(), absl::StatusCode::kInvalidArgument,
                "FIELD_INVALID", field);
  };
  expect_invalid("bank");
  request.set_bank("faces");
  request.set_new_name("a b");
  expect_invalid("new_name");
  request.set_new_name("");
  request.set_snapshot("");
  expect_invalid("snapshot");
}

TEST(DefaultSnapshotNameTest, IsTheTimeInUtcAndANumberFromTheSecondOn) {
  const absl::Time time = absl::FromCivil(absl::CivilSecond(2026, 11, 22, 10, 15, 0), absl::UTCTimeZone());
  EXPECT_EQ(DefaultSnapshotName(time, 1), "20261122-101500");
  EXPECT_EQ(DefaultSnapshotName(time + absl::Milliseconds(999), 2), "20261122-101500-2");
  EXPECT_TRUE(CheckSnapshotName(DefaultSnapshotName(time, 10)).ok());
}

}  // namespace
}  // namespace engram
