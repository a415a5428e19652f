#include "core/storage/log_check.h"

#include <filesystem>

#include "absl/strings/ascii.h"
#include "gtest/gtest.h"
#include "tests/core/storage/journal_fixture.h"

namespace engram {
namespace {

class LogCheckTest : public JournalTest {
 protected:
  // The log of a few changes.
  std::string Log() {
    Open();
    EXPECT_TRUE(Create(1).ok());
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(Store(1, 10 * i, 3).ok());
    journal_.reset();
    return Contents(LogPath());
  }
  std::string LogPath() {
    for (const std::string& path : files_->Files("/data")) {
      if (path.find(".log") != std::string::npos && files_->FileSize(path) > 0) return path;
    }
    return "";
  }
  std::string Contents(const std::string& path) {
    std::string contents;
    EXPECT_TRUE(rocksdb::ReadFileToString(MakeEnv(files_).get(), path, &contents).ok());
    return contents;
  }
  std::string Identity() { return std::string(absl::StripAsciiWhitespace(Contents("/data/IDENTITY"))); }
  absl::Status StoreRelaxed(uint64_t id, const std::string& payload, int64_t version) {
    const BankSettings settings = StampedSettings("bank-2", Durability::kRelaxed);
    const std::vector<float> row(settings.dim + settings.value_dim, 1);
    const std::vector<uint64_t> ids = {id};
    const std::vector<std::string> payloads = {payload};
    const PatternRows rows = {
        ids, {row.data(), 1, settings.dim}, {row.data(), 1, settings.value_dim}, payloads};
    return journal_->ChangePatterns(2, settings, {PatternChange{rows, {}}}, {version, version, id + 1});
  }
  // The ids of the relaxed bank.
  std::vector<uint64_t> RelaxedIds() {
    std::vector<uint64_t> ids;
    const auto visitor = [&](const PatternRows& rows) {
      ids.insert(ids.end(), rows.ids.begin(), rows.ids.end());
      return absl::OkStatus();
    };
    EXPECT_TRUE(journal_->ReadPatterns(2, StampedSettings("bank-2", Durability::kRelaxed), visitor).ok());
    return ids;
  }
};

TEST_F(LogCheckTest, ALogCutShortAnywhereIsTorn) {
  const std::string log = Log();
  const std::string path = LogPath();
  const std::string identity = Identity();
  ASSERT_GT(log.size(), 500);
  for (size_t size = 0; size <= log.size(); ++size) {
    EXPECT_TRUE(CheckLog(log.substr(0, size), path, identity).ok()) << "at " << size;
    // Grown by sectors that did not arrive.
    EXPECT_TRUE(CheckLog(log.substr(0, size) + std::string(600, '\0'), path, identity).ok()) << "at " << size;
  }
}

TEST_F(LogCheckTest, AFlippedBitBeforeTheSealIsDamage) {
  const std::string log = Log();
  const std::string path = LogPath();
  const std::string identity = Identity();
  // A header, a batch without entries, a datum.
  const size_t seal = log.size() - (7 + 12 + 2 + LogSeal(identity, {}).size());
  for (size_t byte = 0; byte < seal; ++byte) {
    std::string damaged = log;
    damaged[byte] ^= static_cast<char>(1 << (byte % 8));
    EXPECT_TRUE(absl::IsDataLoss(CheckLog(damaged, path, identity)))
        << "byte " << byte << " of " << log.size();
  }
}

TEST_F(LogCheckTest, ZerosBeforeTheSealAreDamage) {
  const std::string log = Log();
  const std::string path = LogPath();
  const std::string identity = Identity();
  for (size_t sector = 0; sector + 600 < log.size(); sector += 512) {
    std::string damaged = log;
    damaged.replace(sector, 512, 512, '\0');
    EXPECT_TRUE(absl::IsDataLoss(CheckLog(damaged, path, identity))) << "at " << sector;
  }
  EXPECT_TRUE(CheckLog(log.substr(0, 100) + std::string(512, '\0'), path, identity).ok());
}

// The page of a later record reached the disk, one of an earlier record did not: neither was synced.
TEST_F(LogCheckTest, AHoleInWhatWasNotSyncedIsTheEnd) {
  Open();
  ASSERT_TRUE(journal_->CreateBank(2, StampedSettings("bank-2", Durability::kRelaxed)).ok());
  ASSERT_TRUE(Create(1).ok());  // Which syncs.
  ASSERT_TRUE(StoreRelaxed(1, "kept", 1).ok());
  const auto hole = static_cast<size_t>(files_->FileSize(LogPath())) + 8000;
  ASSERT_TRUE(StoreRelaxed(2, std::string(20'000, 'a'), 2).ok());
  ASSERT_TRUE(StoreRelaxed(3, "b", 3).ok());
  ASSERT_TRUE(StoreRelaxed(4, std::string(40'000, 'c'), 4).ok());
  ASSERT_TRUE(StoreRelaxed(5, "d", 5).ok());
  journal_.reset();
  const std::string path = LogPath();
  const std::string log = Contents(path);
  for (const size_t begin : {hole, hole - 8000}) {
    std::string torn = log;
    torn.replace(begin, 4096, 4096, '\0');
    files_->Put(path, torn);
    Open();
    EXPECT_EQ(RelaxedIds(), std::vector<uint64_t>({1}));
    journal_.reset();
  }
}

TEST_F(LogCheckTest, APayloadThatLooksLikeALogIsNoSeal) {
  const std::string log = Log();
  const std::string identity = Identity();
  files_ = std::make_shared<LossyFileSystem>(2);
  Open();
  ASSERT_TRUE(journal_->CreateBank(2, StampedSettings("bank-2", Durability::kRelaxed)).ok());
  ASSERT_TRUE(StoreRelaxed(1, log + LogSeal("", {1000, 1000}) + LogSeal(identity, {1000, 1000}), 1).ok());
  journal_.reset();
  std::string torn = Contents(LogPath());
  ASSERT_NE(Identity(), identity);
  torn[200] ^= 1;
  EXPECT_TRUE(CheckLog(torn, LogPath(), Identity()).ok());
}

// The machine's own disk can do less than others might.
TEST_F(LogCheckTest, ATornLogOnTheMachinesDiskIsRepaired) {
  const std::filesystem::path folder = std::filesystem::path(testing::TempDir()) / "torn_log";
  std::filesystem::remove_all(folder);
  RocksJournalOptions options = Options();
  options.env = nullptr;
  options.data_dir = folder.string();
  journal_ = RocksJournal::Open(options).value();
  ASSERT_TRUE(Create(1).ok());
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(Store(1, 10 * i, 3).ok());
  journal_.reset();
  int torn = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".log" || entry.file_size() == 0) continue;
    // Through its last record, a seal.
    std::filesystem::resize_file(entry.path(), entry.file_size() - 3);
    ++torn;
  }
  ASSERT_EQ(torn, 1);
  auto opened = RocksJournal::Open(options);
  ASSERT_TRUE(opened.ok()) << opened.status();
  journal_ = *std::move(opened);
  ExpectStamps();
  journal_.reset();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace engram
