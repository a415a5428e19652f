#ifndef ENGRAM_TESTS_CORE_BANK_HELD_JOURNAL_H_
#define ENGRAM_TESTS_CORE_BANK_HELD_JOURNAL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/storage/journal.h"

namespace engram {

// A journal for tests that is as slow as they want: a call waits while it is held. Remembers what it was
// given, and checks that calls come one at a time, in the order of the versions, with the right counts.
class HeldJournal : public Journal {
 public:
  Durability durability() const override { return Durability::kSynced; }
  absl::Status CreateBank(int64_t, const BankSettings&) override { return absl::OkStatus(); }
  absl::Status UpdateBank(int64_t, const BankSettings&) override {
    return Write([] {});
  }
  absl::Status DeleteBank(int64_t bank_id) override {
    return Write([this, bank_id]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) { deleted_.push_back(bank_id); });
  }
  absl::Status ChangePatterns(int64_t, const BankSettings&, absl::Span<const PatternChange> changes,
                              const BankCounts& counts) override {
    return Write([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      for (const PatternChange& change : changes) Apply(change);
      counts_.version += static_cast<int64_t>(changes.size());
      agrees_ = agrees_ && counts.version == counts_.version && counts.next_id >= counts_.next_id &&
                counts.pattern_count == static_cast<int64_t>(patterns_.size());
      counts_ = counts;
      groups_.push_back(changes.size());
    });
  }

  // Of imports nothing is remembered.
  absl::StatusOr<std::unique_ptr<BankImport>> ImportBank(int64_t, const BankSettings&) override {
    return std::make_unique<VolatileImport>();
  }

  void Hold() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    is_held_ = true;
  }
  // Lets the calls go on, which return `status`; later ones are OK.
  void Release(const absl::Status& status = absl::OkStatus()) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    is_held_ = false;
    next_ = status;
    changed_.NotifyAll();
  }
  // Has every `n`-th call fail; 0: none.
  void FailEvery(int n) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    fail_every_ = n;
  }
  // Returns when a call waits.
  void AwaitCall() ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    while (calls_ == 0) changed_.Wait(&mutex_);
  }

  // Changes in each successful call.
  std::vector<size_t> groups() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return groups_;
  }
  std::map<uint64_t, std::vector<float>> patterns() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return patterns_;
  }
  BankCounts counts() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return counts_;
  }
  std::vector<int64_t> deleted() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return deleted_;
  }
  // False: a call came beside another, or did not agree with those before it.
  bool agrees() const ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    return agrees_;
  }

 private:
  template <typename Record>
  absl::Status Write(const Record& record) ABSL_LOCKS_EXCLUDED(mutex_) {
    MutexLock lock(&mutex_);
    agrees_ = agrees_ && calls_ == 0;
    ++calls_;
    changed_.NotifyAll();
    while (is_held_) changed_.Wait(&mutex_);
    --calls_;
    absl::Status status = std::exchange(next_, absl::OkStatus());
    if (fail_every_ > 0 && ++writes_ % fail_every_ == 0) status = absl::UnavailableError("disk");
    if (status.ok()) record();
    return status;
  }

  void Apply(const PatternChange& change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (size_t i = 0; i < change.stored.ids.size(); ++i) {
      const absl::Span<const float> row = change.stored.patterns.row(i);
      patterns_[change.stored.ids[i]].assign(row.begin(), row.end());
    }
    for (const uint64_t id : change.deleted_ids) agrees_ = patterns_.erase(id) == 1 && agrees_;
  }

  mutable Mutex mutex_;
  CondVar changed_;
  bool is_held_ ABSL_GUARDED_BY(mutex_) = false;
  int fail_every_ ABSL_GUARDED_BY(mutex_) = 0;
  int writes_ ABSL_GUARDED_BY(mutex_) = 0;
  int calls_ ABSL_GUARDED_BY(mutex_) = 0;
  bool agrees_ ABSL_GUARDED_BY(mutex_) = true;
  absl::Status next_ ABSL_GUARDED_BY(mutex_);
  std::vector<size_t> groups_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, std::vector<float>> patterns_ ABSL_GUARDED_BY(mutex_);
  std::vector<int64_t> deleted_ ABSL_GUARDED_BY(mutex_);
  BankCounts counts_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_BANK_HELD_JOURNAL_H_
