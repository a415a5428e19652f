#ifndef ENGRAM_CORE_STORAGE_DATABASE_HEALTH_H_
#define ENGRAM_CORE_STORAGE_DATABASE_HEALTH_H_

#include <atomic>
#include <string>
#include <utility>

#include "core/storage/storage_log.h"
#include "rocksdb/listener.h"

namespace engram {

// Listens to RocksDB: whether an error has stopped its writes. Thread-safe.
class DatabaseHealth : public rocksdb::EventListener {
 public:
  explicit DatabaseHealth(StorageLog log) : log_(std::move(log)) {}

  bool healthy() const { return healthy_; }
  // A resumption asked for by us has succeeded.
  void Recovered() {
    if (!healthy_.exchange(true)) log_(LogLevel::kWarning, "storage: writes resume");
  }

  // The next error is final: writes fail until the directory is opened anew.
  void GiveUpRecovery() { may_recover_ = false; }
  bool MayRecover() const { return may_recover_; }

  void OnErrorRecoveryBegin(rocksdb::BackgroundErrorReason, rocksdb::Status error,
                            bool* auto_recovery) override {
    error.PermitUncheckedError();
    if (!may_recover_) *auto_recovery = false;
  }
  void OnBackgroundError(rocksdb::BackgroundErrorReason, rocksdb::Status* error) override {
    if (!healthy_.exchange(false)) return;
    log_(LogLevel::kError, "storage: banks are read-only until this is over: " + error->ToString());
  }
  void OnErrorRecoveryEnd(const rocksdb::BackgroundErrorRecoveryInfo& info) override {
    info.old_bg_error.PermitUncheckedError();
    if (info.new_bg_error.ok()) Recovered();
  }

 private:
  const StorageLog log_;
  std::atomic<bool> healthy_ = true;
  std::atomic<bool> may_recover_ = true;
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_DATABASE_HEALTH_H_
