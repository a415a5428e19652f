#include "core/storage/free_space.h"

#include "core/base/error.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace engram {
namespace {

using testing::HasSubstr;

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kGiB = int64_t{1} << 30;

TEST(FreeSpaceTest, LargeVolumesKeepAGibibyteOrFivePercent) {
  EXPECT_EQ(MinFreeBytes(10 * kGiB), kGiB);
  EXPECT_EQ(MinFreeBytes(1000 * kGiB), 50 * kGiB);
  EXPECT_EQ(MinFreeBytes(0), kGiB);
}

TEST(FreeSpaceTest, SmallVolumesCanBeUsed) {
  for (const int64_t volume : {24 * kMiB, 96 * kMiB, 512 * kMiB, 2 * kGiB}) {
    EXPECT_LT(MinFreeBytes(volume), volume / 4);
    EXPECT_GE(MinFreeBytes(volume), 3 * WriteBufferBytes(volume));
  }
  EXPECT_EQ(WriteBufferBytes(kGiB), 16 * kMiB);
}

TEST(FreeSpaceTest, RefusalsSayWhatWasAskedAndWhatIsFree) {
  EXPECT_TRUE(CheckFreeSpace(10, 110, 100).ok());
  const absl::Status status = CheckFreeSpace(11, 110, 100);
  EXPECT_TRUE(absl::IsResourceExhausted(status));
  const ErrorDetails details = FindErrorDetails(status).value();
  EXPECT_EQ(details.reason, "DISK_FULL");
  EXPECT_EQ(details.metadata[0].second, "11");
  EXPECT_EQ(details.metadata[1].second, "10");
  EXPECT_THAT(std::string(status.message()), HasSubstr("or delete banks or snapshots"));
  const absl::Status of_backups = CheckFreeSpace(1, 0, 100, "backup directory", "backups");
  EXPECT_THAT(std::string(of_backups.message()), HasSubstr("the disk of the backup directory has 0 bytes"));
  EXPECT_THAT(std::string(of_backups.message()), HasSubstr("or delete backups"));
}

TEST(FreeSpaceTest, TheVolumeOfAPathThatIsNotThereIsUnknown) {
  EXPECT_EQ(VolumeBytes("/no/such/path"), 0);
  EXPECT_GT(VolumeBytes("/"), 0);
}

}  // namespace
}  // namespace engram
