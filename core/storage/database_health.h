#ifndef ENGRAM_CORE_STORAGE_DATABASE_HEALTH_H_
#define ENGRAM_CORE_STORAGE_DATABASE_HEALTH_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "core/base/mutex.h"
#include "core/storage/storage_log.h"
#include "rocksdb/listener.h"

namespace engram {

// Listens to RocksDB: whether an error has stopped its writes. Thread-safe.
class DatabaseHealth : public rocksdb::EventListener {
 public:
  explicit DatabaseHealth(StorageLog log) : log_(std::move(log)) {}

  bool healthy() const {
    MutexLock lock(&mutex_);
    return healthy_;
  }
  // How many of them were of writes to the log, and whether there was one since the log was replaced.
  int64_t log_errors() const {
    MutexLock lock(&mutex_);
    return log_errors_;
  }
  bool is_log_broken() const {
    MutexLock lock(&mutex_);
    return log_errors_ > replaced_log_errors_;
  }
  // A resumption that began when there were so many has begun another log, whether or not it succeeded.
  void ReplacedLog(int64_t log_errors) {
    MutexLock lock(&mutex_);
    replaced_log_errors_ = std::max(replaced_log_errors_, log_errors);
  }
  // How many there were.
  int64_t errors() const {
    MutexLock lock(&mutex_);
    return errors_;
  }
  // A resumption asked for by us has succeeded, that began when there were so many errors. A later one
  // stands.
  void Recovered(int64_t errors) {
    {
      MutexLock lock(&mutex_);
      if (healthy_ || errors != errors_) return;
      healthy_ = true;
      replaced_log_errors_ = log_errors_;
    }
    log_(LogLevel::kWarning, "storage: writes resume");
  }

  // The next error is final: writes fail until the directory is opened anew.
  void GiveUpRecovery() { may_recover_ = false; }
  bool MayRecover() const { return may_recover_; }

  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error,
                            bool* auto_recovery) override {
    // Of a full disk RocksDB looks every 5 s whether it still is, and until it is content compactions wait
    // that would make room. Writes that are refused resume sooner.
    if (!may_recover_ || error.IsNoSpace()) *auto_recovery = false;
    MutexLock lock(&mutex_);
    recovers_from_ = errors_;
  }
  void OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* error) override {
    {
      MutexLock lock(&mutex_);
      ++errors_;
      if (reason == rocksdb::BackgroundErrorReason::kWriteCallback) ++log_errors_;
      if (!healthy_) return;
      healthy_ = false;
    }
    log_(LogLevel::kError, "storage: banks are read-only until this is over: " + error->ToString());
  }
  void OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) override {
    info.old_bg_error.PermitUncheckedError();
    if (!info.new_bg_error.ok()) return;
    int64_t errors = 0;
    {
      MutexLock lock(&mutex_);
      errors = recovers_from_;
    }
    Recovered(errors);
  }

 private:
  const StorageLog log_;
  std::atomic<bool> may_recover_ = true;

  mutable Mutex mutex_;
  bool healthy_ ABSL_GUARDED_BY(mutex_) = true;
  int64_t log_errors_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t replaced_log_errors_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t errors_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t recovers_from_ ABSL_GUARDED_BY(mutex_) = 0;  // RocksDB by itself.
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_DATABASE_HEALTH_H_
