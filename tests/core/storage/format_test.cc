// Data directories of every format so far are read; see tests/golden/storage/README.md.

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/core/storage/stamped_rows.h"

namespace engram {
namespace {

class FormatTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = (std::filesystem::temp_directory_path() / "engram_format_XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // Of a copy: opening a directory changes it.
  RocksJournalOptions Options(const std::string& golden) {
    std::filesystem::copy(std::string(ENGRAM_GOLDEN_STORAGE_DIR) + "/" + golden, folder_ + "/" + golden,
                          std::filesystem::copy_options::recursive);
    RocksJournalOptions options;
    options.data_dir = folder_ + "/" + golden;
    options.log = [](LogLevel, const std::string&) {};
    options.min_free_bytes = 0;
    return options;
  }
  std::string folder_;
};

TEST_F(FormatTest, Format1IsRead) {
  const RocksJournalOptions options = Options("format1");
  ASSERT_TRUE(RocksJournal::Verify(options).ok()) << RocksJournal::Verify(options);
  const auto journal = RocksJournal::Open(options);
  ASSERT_TRUE(journal.ok()) << journal.status();
  ASSERT_EQ((*journal)->banks().size(), 2);
  EXPECT_EQ((*journal)->next_bank_id(), 4);
  const StoredBank& first = (*journal)->banks()[0];
  EXPECT_EQ(first.settings->name, "golden-1");
  EXPECT_EQ(first.settings->create_time, StampedSettings("").create_time);
  EXPECT_EQ(first.counts.version, 3);
  EXPECT_EQ(first.counts.next_id, 20);
  Stamps stamps;
  for (uint64_t id = 1; id < 20; ++id) stamps[id] = id >= 5 && id < 15 ? 2 : 1;
  EXPECT_EQ(ReadStamps(**journal, 1, *first.settings).value(), stamps);
  EXPECT_EQ((*journal)->banks()[1].settings->name, "golden-3");
}

TEST_F(FormatTest, ANewerFormatIsRefusedInClearWords) {
  const absl::Status status = RocksJournal::Open(Options("newer")).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              testing::HasSubstr("format 1000 of a newer Engram; this one reads formats up to 1"));
}

}  // namespace
}  // namespace engram
