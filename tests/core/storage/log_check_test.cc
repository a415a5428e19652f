#include "core/storage/log_check.h"

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
    for (const std::string& path : files_->Files("/data")) {
      if (path.find(".log") == std::string::npos || files_->FileSize(path) == 0) continue;
      std::string log;
      EXPECT_TRUE(rocksdb::ReadFileToString(MakeEnv(files_).get(), path, &log).ok());
      return log;
    }
    return "";
  }
};

TEST_F(LogCheckTest, ALogCutShortAnywhereIsTorn) {
  const std::string log = Log();
  ASSERT_GT(log.size(), 500);
  for (size_t size = 0; size <= log.size(); ++size) {
    EXPECT_TRUE(CheckLog(log.substr(0, size), "log").ok()) << "at " << size;
    // Grown by sectors that did not arrive.
    EXPECT_TRUE(CheckLog(log.substr(0, size) + std::string(600, '\0'), "log").ok()) << "at " << size;
  }
}

TEST_F(LogCheckTest, AFlippedBitBeforeTheSealIsDamage) {
  const std::string log = Log();
  const size_t seal = log.size() - (7 + 12 + 2);  // A header, a batch without entries, an empty datum.
  for (size_t byte = 0; byte < seal; ++byte) {
    std::string damaged = log;
    damaged[byte] ^= static_cast<char>(1 << (byte % 8));
    EXPECT_TRUE(absl::IsDataLoss(CheckLog(damaged, "log"))) << "byte " << byte << " of " << log.size();
  }
}

}  // namespace
}  // namespace engram
