#ifndef ENGRAM_SERVER_BANK_STARTUP_H_
#define ENGRAM_SERVER_BANK_STARTUP_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "core/bank/loading_bank.h"
#include "core/bank/memory_banks.h"
#include "core/base/clock.h"
#include "core/base/mutex.h"
#include "core/storage/rocks_journal.h"

namespace engram {

// Brings the banks of a data directory into memory while the server already serves: first their names, so
// that nobody takes one and calls are told to come back, then their patterns, several banks at a time. A bank
// that cannot be loaded is quarantined and does not hold up the others. Logs how far it is.
class BankStartup {
 public:
  // Takes the names of the banks of `journal`. `on_ready` is called, on any thread, when a bank that was
  // loading serves or is quarantined. All must outlive this.
  BankStartup(RocksJournal* journal, MemoryBanks* banks, const Clock* clock,
              std::function<void(const std::string& bank)> on_ready);
  // Stops.
  ~BankStartup();

  // The banks whose names were taken, in whatever state.
  const std::vector<std::string>& names() const { return names_; }

  // Begins to load patterns. Called once at most.
  void Start();
  // Leaves what is not loaded yet quarantined, as UNAVAILABLE, and returns soon. May be called again.
  void Stop();

 private:
  // A bank whose patterns are to be read.
  struct Task {
    const StoredBank* stored;
    std::unique_ptr<LoadingBank> loading;
  };

  void Take(const StoredBank& stored);
  // Takes a name that says which bank of the directory it is.
  void TakeUnnamed(const StoredBank& stored, const absl::Status& cause);
  void LogQuarantined(const std::string& bank, const absl::Status& cause);
  void LoadAll();
  absl::Status Load(Task* task);
  void ReportProgress() ABSL_LOCKS_EXCLUDED(report_mutex_);
  // Nobody reads the patterns any more: their files may change.
  void Finish();

  RocksJournal* const journal_;
  MemoryBanks* const banks_;
  const Clock* const clock_;
  const std::function<void(const std::string&)> on_ready_;
  std::vector<std::string> names_;  // Constant after construction, as is the next.
  int64_t pattern_count_ = 0;       // Of all tasks.
  std::vector<Task> tasks_;         // Each is used by the thread that has its number.
  absl::Time begin_;

  std::vector<std::thread> threads_;
  std::atomic<bool> stopped_{false};
  std::atomic<size_t> next_task_{0};
  std::atomic<size_t> tasks_left_{0};
  std::atomic<int64_t> loaded_patterns_{0};
  std::atomic<int64_t> quarantined_{0};

  Mutex report_mutex_;
  absl::Time next_report_ ABSL_GUARDED_BY(report_mutex_);
};

}  // namespace engram

#endif  // ENGRAM_SERVER_BANK_STARTUP_H_
