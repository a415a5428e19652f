#ifndef ENGRAM_TESTS_CORE_ENGINE_PUPPET_SWEEPER_H_
#define ENGRAM_TESTS_CORE_ENGINE_PUPPET_SWEEPER_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/sweep/reference_sweeper.h"

namespace engram {

// A sweeper that waits until it is told to go on, and remembers what it was asked. Thread-safe.
class PuppetSweeper : public Sweeper {
 public:
  // One sweep that was asked for.
  struct Record {
    uint64_t layout_id;
    size_t state_count;
  };

  explicit PuppetSweeper(bool leaves_host_free = false) : leaves_host_free_(leaves_host_free) {}

  absl::string_view name() const override { return "puppet"; }
  bool leaves_host_free() const override { return leaves_host_free_; }

  absl::Status Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                     absl::Span<SweepResult> results) override {
    {
      MutexLock lock(&mutex_);
      if (before_) before_();
      records_.push_back({bank.layout_id(), states.size()});
      changed_.NotifyAll();
      while (allowed_ == 0 || held_ == bank.layout_id()) changed_.Wait(&mutex_);
      if (allowed_ > 0) --allowed_;
      if (!status_.ok()) return status_;
      most_at_a_time_ = std::max(most_at_a_time_, ++running_);
    }
    const absl::Status status = reference_.Sweep(bank, states, results);
    MutexLock lock(&mutex_);
    --running_;
    return status;
  }

  absl::Status StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                             absl::Span<StreamedSoftmax> updates) override {
    return reference_.StreamSoftmax(bank, states, updates);
  }

  // Lets `count` more sweeps run; kAll: lets every one run from now on.
  static constexpr int64_t kAll = -1;
  void Allow(int64_t count) {
    MutexLock lock(&mutex_);
    allowed_ = count == kAll ? kAll : allowed_ + count;
    changed_.NotifyAll();
  }
  // Sweeps of the bank with this layout are not allowed for now; 0: of none.
  void Hold(uint64_t layout_id) {
    MutexLock lock(&mutex_);
    held_ = layout_id;
    changed_.NotifyAll();
  }
  // Is called at the begin of every sweep.
  void BeforeSweep(std::function<void()> before) {
    MutexLock lock(&mutex_);
    before_ = std::move(before);
  }
  // Every sweep fails with `status` from now on.
  void FailWith(const absl::Status& status) {
    MutexLock lock(&mutex_);
    status_ = status;
  }
  // Returns once `count` sweeps were begun.
  void AwaitBegun(size_t count) {
    MutexLock lock(&mutex_);
    while (records_.size() < count) changed_.Wait(&mutex_);
  }
  // How many sweeps ran at a time, at most.
  int most_at_a_time() {
    MutexLock lock(&mutex_);
    return most_at_a_time_;
  }
  std::vector<Record> records() {
    MutexLock lock(&mutex_);
    return records_;
  }

 private:
  const bool leaves_host_free_;
  ReferenceSweeper reference_;
  Mutex mutex_;
  CondVar changed_;
  int running_ ABSL_GUARDED_BY(mutex_) = 0;
  int most_at_a_time_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t allowed_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t held_ ABSL_GUARDED_BY(mutex_) = 0;
  std::function<void()> before_ ABSL_GUARDED_BY(mutex_);
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
  std::vector<Record> records_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_TESTS_CORE_ENGINE_PUPPET_SWEEPER_H_
