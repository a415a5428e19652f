#include "server/bank_startup.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "server/log.h"

namespace engram {
namespace {

// Reading and checking a bank keeps a processor busy, and more than a few of them the disk.
constexpr unsigned kMaxThreads = 4;

constexpr absl::Duration kReportInterval = absl::Seconds(5);

}  // namespace

BankStartup::BankStartup(RocksJournal* journal, MemoryBanks* banks, const Clock* clock,
                         std::function<void(const std::string& bank)> on_ready)
    : journal_(journal), banks_(banks), clock_(clock), on_ready_(std::move(on_ready)), begin_(clock->Now()) {
  for (const StoredBank& stored : journal_->banks()) {
    if (stored.settings.ok()) Take(stored);
  }
  // After those that have names of their own.
  for (const StoredBank& stored : journal_->banks()) {
    if (!stored.settings.ok()) TakeUnnamed(stored, stored.settings.status());
  }
  tasks_left_ = tasks_.size();
}

BankStartup::~BankStartup() { Stop(); }

void BankStartup::Take(const StoredBank& stored) {
  const std::string& name = stored.settings->name;
  auto loading = banks_->BeginLoading(stored.bank_id, *stored.settings, stored.counts);
  if (absl::IsAlreadyExists(loading.status())) {
    return TakeUnnamed(stored, absl::DataLossError(absl::StrCat("another bank is named '", name, "' too")));
  }
  names_.push_back(name);
  if (!loading.ok()) return LogQuarantined(name, loading.status());
  pattern_count_ += stored.counts.pattern_count;
  tasks_.push_back({&stored, *std::move(loading)});
}

void BankStartup::TakeUnnamed(const StoredBank& stored, const absl::Status& cause) {
  BankSettings settings;
  settings.name = absl::StrCat("unreadable-", stored.bank_id);
  while (absl::IsAlreadyExists(banks_->Quarantine(stored.bank_id, settings, stored.counts, cause))) {
    settings.name += "-";
  }
  names_.push_back(settings.name);
  LogQuarantined(settings.name, cause);
}

void BankStartup::LogQuarantined(const std::string& bank, const absl::Status& cause) {
  ++quarantined_;
  LogError("bank quarantined", {{"bank", bank}, {"error", std::string(cause.message())}});
}

void BankStartup::Start() {
  {
    MutexLock lock(&report_mutex_);
    next_report_ = clock_->Now() + kReportInterval;
  }
  if (tasks_.empty()) return Finish();
  LogInfo("loading banks", {{"banks", static_cast<int64_t>(tasks_.size())}, {"patterns", pattern_count_}});
  const size_t processors = std::clamp(std::thread::hardware_concurrency(), 1U, kMaxThreads);
  for (size_t i = 0; i < std::min(tasks_.size(), processors); ++i) {
    threads_.emplace_back([this] { LoadAll(); });
  }
}

void BankStartup::Stop() {
  stopped_ = true;
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
  tasks_.clear();
}

void BankStartup::LoadAll() {
  for (size_t i = next_task_++; i < tasks_.size() && !stopped_; i = next_task_++) {
    const std::string name = tasks_[i].loading->name();
    const absl::Status status = Load(&tasks_[i]);
    tasks_[i].loading = nullptr;  // Unless it was finished or has failed, it is quarantined now.
    if (stopped_) return;
    if (!status.ok()) LogQuarantined(name, status);
    on_ready_(name);
    if (--tasks_left_ == 0) Finish();
  }
}

absl::Status BankStartup::Load(Task* task) {
  const StoredBank& stored = *task->stored;
  bool added = true;  // False: the bank has failed and knows why.
  const absl::Status status =
      journal_->ReadPatterns(stored.bank_id, *stored.settings, [&](const PatternRows& rows) {
        if (stopped_) return absl::CancelledError("the server is stopping");
        const absl::Status add = task->loading->Add(rows);
        added = add.ok();
        loaded_patterns_ += static_cast<int64_t>(rows.ids.size());
        ReportProgress();
        return add;
      });
  if (status.ok()) return task->loading->Finish();
  if (added && !stopped_) task->loading->Fail(status);
  return status;
}

void BankStartup::ReportProgress() {
  const absl::Time now = clock_->Now();
  {
    MutexLock lock(&report_mutex_);
    if (now < next_report_) return;
    next_report_ = now + kReportInterval;
  }
  LogInfo("loading banks", {{"banks_left", static_cast<int64_t>(tasks_left_.load())},
                            {"loaded_patterns", loaded_patterns_.load()},
                            {"patterns", pattern_count_}});
}

void BankStartup::Finish() {
  journal_->StartCompactions();
  const auto banks = static_cast<int64_t>(names_.size());
  LogInfo("all banks ready", {{"banks", banks - quarantined_.load()},
                              {"quarantined", quarantined_.load()},
                              {"patterns", loaded_patterns_.load()},
                              {"seconds", absl::ToDoubleSeconds(clock_->Now() - begin_)}});
}

}  // namespace engram
