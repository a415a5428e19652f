#include "server/fill_snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace engram {
namespace {

using ::testing::ElementsAre;

constexpr auto kPlace = v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY;
constexpr Limits kLimits{/*max_message_bytes=*/int64_t{64} << 10, /*max_batch=*/1};

StoredBank Bank(int64_t bank_id, const std::string& name, int64_t pattern_count) {
  BankSettings settings;
  settings.name = name;
  settings.dim = 3;
  settings.value_dim = 2;
  settings.durability = Durability::kRelaxed;
  return {bank_id, settings, {/*version=*/7, pattern_count, /*next_id=*/9}};
}

SnapshotInfo Info(std::vector<StoredBank> banks) {
  SnapshotInfo info;
  info.name = "s";
  info.create_time = absl::FromUnixNanos(1'500'000'000'000'000'007);
  info.file_bytes = 123;
  info.banks = std::move(banks);
  return info;
}

TEST(FillSnapshotTest, BanksComeByNameAndAreCounted) {
  const v1::Snapshot wire = FillSnapshot(Info({Bank(1, "b", 10), Bank(2, "a", 5)}), kPlace);
  EXPECT_EQ(wire.name(), "s");
  EXPECT_EQ(wire.place(), kPlace);
  EXPECT_EQ(wire.create_time().seconds(), 1'500'000'000);
  EXPECT_EQ(wire.create_time().nanos(), 7);
  EXPECT_EQ(wire.file_bytes(), 123);
  EXPECT_EQ(wire.bank_count(), 2);
  EXPECT_EQ(wire.pattern_count(), 15);
  EXPECT_EQ(wire.damage(), "");
  ASSERT_EQ(wire.banks_size(), 2);
  EXPECT_EQ(wire.banks(0).name(), "a");
  EXPECT_EQ(wire.banks(1).name(), "b");
  EXPECT_EQ(wire.banks(1).dim(), 3);
  EXPECT_EQ(wire.banks(1).value_dim(), 2);
  EXPECT_EQ(wire.banks(1).pattern_count(), 10);
  EXPECT_EQ(wire.banks(1).version(), 7);
  EXPECT_EQ(wire.banks(1).durability(), v1::DURABILITY_RELAXED);
}

TEST(FillSnapshotTest, DamageIsTold) {
  StoredBank unreadable = Bank(1, "", 4);
  unreadable.settings = absl::DataLossError("its settings are damaged");
  const v1::Snapshot wire = FillSnapshot(Info({Bank(2, "a", 5), unreadable}), kPlace);
  EXPECT_EQ(wire.banks(0).name(), "");
  EXPECT_EQ(wire.banks(0).damage(), "its settings are damaged");
  EXPECT_EQ(wire.banks(1).damage(), "");
  SnapshotInfo damaged = Info({});
  damaged.status = absl::DataLossError("MANIFEST is damaged");
  EXPECT_EQ(FillSnapshot(damaged, kPlace).damage(), "MANIFEST is damaged");
}

TEST(FillSnapshotTest, ListsAreWithoutBanksAndInOrder) {
  const auto listed = FillListSnapshots({Info({Bank(1, "a", 5)}), Info({})}, kPlace, kLimits);
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->snapshots_size(), 2);
  EXPECT_EQ(listed->snapshots(0).bank_count(), 1);
  EXPECT_EQ(listed->snapshots(0).pattern_count(), 5);
  EXPECT_EQ(listed->snapshots(0).banks_size(), 0);
}

TEST(FillSnapshotTest, WhatAMessageCannotTakeIsAnErrorUnlessTheSnapshotIsNew) {
  std::vector<StoredBank> banks;
  for (int64_t i = 0; i < 5000; ++i) banks.push_back(Bank(i, "a bank of many", 1));
  const SnapshotInfo info = Info(banks);
  EXPECT_TRUE(absl::IsResourceExhausted(FillGetSnapshot(info, kPlace, kLimits).status()));
  EXPECT_TRUE(absl::IsResourceExhausted(
      FillListSnapshots(std::vector<SnapshotInfo>(5000, Info({})), kPlace, kLimits).status()));
  const v1::CreateSnapshotResponse created = FillCreateSnapshot(info, kPlace, kLimits);
  EXPECT_EQ(created.snapshot().bank_count(), 5000);
  EXPECT_EQ(created.snapshot().banks_size(), 0);
}

TEST(FillSnapshotTest, FindingsAreAsManyAsFit) {
  EXPECT_TRUE(FillVerifySnapshot({}, kLimits).finished());
  EXPECT_THAT(FillVerifySnapshot({"000012.sst is damaged", "bank 'a' is damaged"}, kLimits).findings(),
              ElementsAre("000012.sst is damaged", "bank 'a' is damaged"));
  const v1::VerifySnapshotResponse response =
      FillVerifySnapshot(std::vector<std::string>(1000, std::string(100, 'x')), kLimits);
  EXPECT_TRUE(response.finished());
  EXPECT_LT(static_cast<int64_t>(response.ByteSizeLong()), kLimits.max_message_bytes);
  const int listed = response.findings_size() - 1;
  EXPECT_EQ(response.findings(listed), "and " + std::to_string(1000 - listed) + " more");
}

}  // namespace
}  // namespace engram
