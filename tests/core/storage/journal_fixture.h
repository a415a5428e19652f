#ifndef ENGRAM_TESTS_CORE_STORAGE_JOURNAL_FIXTURE_H_
#define ENGRAM_TESTS_CORE_STORAGE_JOURNAL_FIXTURE_H_

#include <atomic>
#include <memory>
#include <mutex>
#include <numeric>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/storage/lossy_file_system.h"
#include "tests/core/storage/stamped_rows.h"

namespace engram {

class SettableClock : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixNanos(nanos_); }
  void Advance(absl::Duration duration) { nanos_ += absl::ToInt64Nanoseconds(duration); }

 private:
  std::atomic<int64_t> nanos_ = 1'000'000'000;
};

// A journal on a disk in memory, and what its banks must hold.
class JournalTest : public testing::Test {
 protected:
  RocksJournalOptions Options() {
    RocksJournalOptions options;
    options.data_dir = "/data";
    options.log = [this](LogLevel, const std::string& message) {
      const std::lock_guard<std::mutex> lock(log_mutex_);
      log_ += message + "\n";
    };
    options.min_free_bytes = 0;
    options.env = MakeEnv(files_);
    options.clock = &clock_;
    return options;
  }
  void Open() {
    journal_.reset();
    auto opened = RocksJournal::Open(Options());
    ASSERT_TRUE(opened.ok()) << opened.status();
    journal_ = *std::move(opened);
  }
  absl::Status OpenError() { return RocksJournal::Open(Options()).status(); }
  std::string log() {
    const std::lock_guard<std::mutex> lock(log_mutex_);
    return log_;
  }

  absl::Status Create(int64_t bank_id) {
    return journal_->CreateBank(bank_id, StampedSettings(absl::StrCat("bank-", bank_id)));
  }
  // Stores ids [first, first + count) with the next stamp; `stamps_` follows if that succeeds.
  absl::Status Store(int64_t bank_id, uint64_t first, int64_t count) {
    std::vector<uint64_t> ids(count);
    std::iota(ids.begin(), ids.end(), first);
    const BankSettings settings = StampedSettings(absl::StrCat("bank-", bank_id));
    Stamps stamps = stamps_[bank_id];
    const StampedRows rows(settings, ids, ++stamp_);
    for (const uint64_t id : ids) stamps[id] = stamp_;
    return Change(bank_id, {PatternChange{rows.rows(), {}}}, std::move(stamps));
  }
  absl::Status Delete(int64_t bank_id, const std::vector<uint64_t>& ids) {
    Stamps stamps = stamps_[bank_id];
    for (const uint64_t id : ids) stamps.erase(id);
    return Change(bank_id, {PatternChange{{}, ids}}, std::move(stamps));
  }
  absl::Status Change(int64_t bank_id, absl::Span<const PatternChange> changes, Stamps stamps) {
    const BankCounts counts{++version_, static_cast<int64_t>(stamps.size()), 1'000'000};
    const absl::Status status =
        journal_->ChangePatterns(bank_id, StampedSettings(absl::StrCat("bank-", bank_id)), changes, counts);
    if (status.ok()) stamps_[bank_id] = std::move(stamps);
    return status;
  }
  // The banks on disk are those of stamps_.
  void ExpectStamps() {
    for (const auto& [bank_id, stamps] : stamps_) {
      const auto found = ReadStamps(*journal_, bank_id, StampedSettings(absl::StrCat("bank-", bank_id)));
      ASSERT_TRUE(found.ok()) << found.status();
      EXPECT_EQ(*found, stamps) << "bank " << bank_id;
    }
  }

  std::shared_ptr<LossyFileSystem> files_ = std::make_shared<LossyFileSystem>(1);
  SettableClock clock_;
  std::mutex log_mutex_;
  std::string log_;
  std::map<int64_t, Stamps> stamps_;
  uint32_t stamp_ = 0;
  int64_t version_ = 0;
  std::unique_ptr<RocksJournal> journal_;
};

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_STORAGE_JOURNAL_FIXTURE_H_
