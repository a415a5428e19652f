#include "tests/core/storage/power_loss.h"

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/core/storage/lossy_file_system.h"
#include "tests/core/storage/stamped_rows.h"

namespace engram {
namespace {

// Stores above this go the way of large ones.
constexpr int64_t kBulkBytes = 3000;

// All that a bank is.
struct BankState {
  int64_t bank_id = 0;  // 0: there is none.
  int64_t max_patterns = 0;
  BankCounts counts;
  Stamps stamps;
};

bool operator==(const BankState& a, const BankState& b) {
  return a.bank_id == b.bank_id && a.max_patterns == b.max_patterns && a.counts.version == b.counts.version &&
         a.counts.pattern_count == b.counts.pattern_count && a.counts.next_id == b.counts.next_id &&
         a.stamps == b.stamps;
}

class Writer {
 public:
  Writer(const PowerLossPlan& plan, int number)
      : durability_(plan.durability),
        name_(absl::StrCat("bank-", number)),
        random_(plan.seed * 1000 + number) {}

  // Changes its bank until a change fails.
  void Run(RocksJournal* journal, std::atomic<int64_t>* next_bank_id) {
    for (int i = 0; i < 400; ++i) {
      const bool ok = Step(journal, next_bank_id).ok();
      if (durability_ == Durability::kRelaxed) history_[next_->counts.version].push_back(*next_);
      if (!ok) return;
      AckNext();
      ++acked_changes_;
    }
  }

  enum class Verdict { kRight, kBehind, kWrong };

  // Whether the disk holds what it must, an older state of the bank, or what the bank never was. If it is not
  // right, says in `failure` what is wrong and goes on with what is there.
  Verdict Check(const std::map<int64_t, BankState>& disk, std::string* failure) {
    const BankState acked = acked_;
    const std::optional<BankState> next = std::exchange(next_, std::nullopt);
    const auto history = std::exchange(history_, {});
    if (next.has_value() && Holds(disk, *next, acked.bank_id)) {
      Begin(*next);
      ++in_flight_kept_;
      return Verdict::kRight;
    }
    if (Holds(disk, acked, next.has_value() ? next->bank_id : 0)) {
      Begin(acked);
      return Verdict::kRight;
    }
    // The bank as it is, if it is there at all.
    BankState found;
    for (const int64_t bank_id : {acked.bank_id, next.has_value() ? next->bank_id : int64_t{0}}) {
      const auto it = disk.find(bank_id);
      if (it != disk.end()) found = it->second;
      if (it != disk.end()) break;
    }
    Begin(found);
    *failure = absl::StrCat(name_, ": acknowledged bank ", acked.bank_id, " version ", acked.counts.version,
                            " with ", acked.stamps.size(), " patterns, found bank ", acked_.bank_id,
                            " version ", acked_.counts.version, " with ", acked_.stamps.size());
    if (durability_ == Durability::kSynced || found.bank_id == 0) return Verdict::kBehind;
    const auto states = history.find(found.counts.version);
    const bool was_there =
        states != history.end() && std::count(states->second.begin(), states->second.end(), found) > 0;
    if (!was_there) absl::StrAppend(failure, ", which it never was");
    return was_there ? Verdict::kBehind : Verdict::kWrong;
  }

  bool Knows(int64_t bank_id) const {
    return bank_id == acked_.bank_id || (next_.has_value() && next_->bank_id == bank_id);
  }
  int64_t acked_changes() const { return acked_changes_; }
  int64_t acked_rows() const { return acked_rows_; }
  int64_t bulk_changes() const { return bulk_changes_; }
  int64_t in_flight_kept() const { return in_flight_kept_; }

 private:
  static bool Holds(const std::map<int64_t, BankState>& disk, const BankState& state, int64_t other_id) {
    if (other_id != 0 && other_id != state.bank_id && disk.count(other_id) > 0) return false;
    if (state.bank_id == 0) return true;
    const auto it = disk.find(state.bank_id);
    return it != disk.end() && it->second == state;
  }

  BankSettings SettingsOf(const BankState& state) const {
    BankSettings settings = StampedSettings(name_, durability_);
    settings.max_patterns = state.max_patterns;
    return settings;
  }

  absl::Status Step(RocksJournal* journal, std::atomic<int64_t>* next_bank_id) {
    next_ = acked_;
    rows_in_flight_ = 0;
    if (acked_.bank_id == 0) {
      *next_ = BankState();
      next_->bank_id = (*next_bank_id)++;
      return journal->CreateBank(next_->bank_id, SettingsOf(*next_));
    }
    const uint64_t what = random_() % 100;
    if (what < 2) {
      *next_ = BankState();
      return journal->DeleteBank(acked_.bank_id);
    }
    if (what < 5) {
      next_->max_patterns = 1 + static_cast<int64_t>(random_() % 1'000'000);
      return journal->UpdateBank(next_->bank_id, SettingsOf(*next_));
    }
    return Change(journal, what);
  }

  absl::Status Change(RocksJournal* journal, uint64_t what) {
    const BankSettings settings = SettingsOf(*next_);
    const int count = what < 20 ? 60 : 1 + static_cast<int>(random_() % 8);
    if (what < 20) ++bulk_changes_;
    std::vector<uint64_t> first = PickIds(count);
    const StampedRows stored(settings, first, ++stamp_);
    for (const uint64_t id : first) next_->stamps[id] = stamp_;
    std::vector<uint64_t> deleted = PickPresent(static_cast<int>(random_() % 4));
    for (const uint64_t id : deleted) next_->stamps.erase(id);
    // A second change of the group, over the first.
    const std::vector<uint64_t> second = PickIds(static_cast<int>(random_() % 3));
    const StampedRows again(settings, second, ++stamp_);
    for (const uint64_t id : second) next_->stamps[id] = stamp_;
    ++next_->counts.version;
    next_->counts.pattern_count = static_cast<int64_t>(next_->stamps.size());
    rows_in_flight_ = static_cast<int64_t>(first.size() + second.size());
    const PatternChange changes[] = {{stored.rows(), {}}, {{}, deleted}, {again.rows(), {}}};
    return journal->ChangePatterns(next_->bank_id, settings, changes, next_->counts);
  }

  std::vector<uint64_t> PickIds(int count) {
    std::vector<uint64_t> ids;
    for (int i = 0; i < count; ++i) {
      const bool is_new = random_() % 3 != 0;
      const uint64_t id = is_new ? next_->counts.next_id++ : random_() % (next_->counts.next_id + 1);
      ids.push_back(id);
      next_->counts.next_id = std::max(next_->counts.next_id, id + 1);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
  }

  std::vector<uint64_t> PickPresent(int count) {
    std::vector<uint64_t> ids;
    for (int i = 0; i < count; ++i) {
      const auto it = next_->stamps.lower_bound(random_() % (next_->counts.next_id + 1));
      if (it != next_->stamps.end() && std::count(ids.begin(), ids.end(), it->first) == 0) {
        ids.push_back(it->first);
      }
    }
    return ids;
  }

  // Goes on from a state that is on the disk.
  void Begin(const BankState& state) {
    acked_ = state;
    if (durability_ == Durability::kRelaxed) history_[state.counts.version].push_back(state);
  }

  void AckNext() {
    acked_ = *std::exchange(next_, std::nullopt);
    acked_rows_ += rows_in_flight_;
  }

  const Durability durability_;
  const std::string name_;
  std::mt19937_64 random_;
  BankState acked_;
  std::optional<BankState> next_;  // While a change is under way.
  // Of a relaxed bank: its states since the last power loss, by version.
  std::map<int64_t, std::vector<BankState>> history_;
  uint32_t stamp_ = 0;
  int64_t rows_in_flight_ = 0;
  int64_t acked_changes_ = 0;
  int64_t acked_rows_ = 0;
  int64_t bulk_changes_ = 0;
  int64_t in_flight_kept_ = 0;
};

class Trial {
 public:
  explicit Trial(const PowerLossPlan& plan)
      : plan_(plan),
        random_(plan.seed),
        files_(std::make_shared<LossyFileSystem>(plan.seed)),
        env_(MakeEnv(files_)) {
    for (int i = 0; i < plan.writers; ++i) writers_.push_back(std::make_unique<Writer>(plan, i));
  }

  PowerLossOutcome Run() {
    bool goes_on = true;
    while (goes_on) {
      files_->CutPowerAfter(1 + static_cast<int64_t>(random_() % plan_.most_operations));
      RunUntilCut();
      files_->Restart(plan_.tears);
      ++outcome_.losses;
      goes_on = CheckDisk();
      CountAcked();
      goes_on = goes_on && (outcome_.losses < plan_.losses || outcome_.acked_rows < plan_.acked_rows) &&
                outcome_.failures.size() < 1000;
    }
    return outcome_;
  }

 private:
  RocksJournalOptions Options() const {
    RocksJournalOptions options;
    options.data_dir = "/data";
    options.log = [](LogLevel, const std::string&) {};
    options.min_free_bytes = 0;
    options.bulk_bytes = kBulkBytes;
    options.env = env_;
    return options;
  }

  void RunUntilCut() {
    const absl::StatusOr<std::unique_ptr<RocksJournal>> journal = RocksJournal::Open(Options());
    if (!journal.ok()) {
      if (files_->HasPower()) Fail(journal.status().ToString());
      return;
    }
    (*journal)->StartCompactions();
    std::atomic<int64_t> next_bank_id = (*journal)->next_bank_id();
    std::vector<std::thread> threads;
    for (const auto& writer : writers_) {
      threads.emplace_back([&, w = writer.get()] { w->Run(journal->get(), &next_bank_id); });
    }
    for (std::thread& thread : threads) thread.join();
  }

  // False: the disk cannot be read any more.
  bool CheckDisk() {
    const absl::StatusOr<std::unique_ptr<RocksJournal>> journal = RocksJournal::Open(Options());
    if (!journal.ok()) {
      Fail(absl::StrCat("after loss ", outcome_.losses, ": ", journal.status().ToString()));
      return false;
    }
    std::map<int64_t, BankState> disk;
    for (const StoredBank& bank : (*journal)->banks()) {
      if (absl::StatusOr<BankState> state = Read(**journal, bank); state.ok()) {
        disk[bank.bank_id] = *std::move(state);
      } else {
        Fail(absl::StrCat("after loss ", outcome_.losses, ": ", state.status().ToString()));
      }
      const bool known = std::any_of(writers_.begin(), writers_.end(),
                                     [&](const auto& writer) { return writer->Knows(bank.bank_id); });
      if (!known && plan_.durability == Durability::kSynced) {
        Fail(absl::StrCat("after loss ", outcome_.losses, ": phantom bank ", bank.bank_id));
      }
      if (bank.bank_id >= (*journal)->next_bank_id()) Fail("the id of a bank would be given again");
    }
    for (const auto& writer : writers_) {
      std::string failure;
      const Writer::Verdict verdict = writer->Check(disk, &failure);
      if (verdict == Writer::Verdict::kRight) continue;
      ++(verdict == Writer::Verdict::kBehind ? outcome_.banks_behind : outcome_.banks_wrong);
      outcome_.failures.push_back(absl::StrCat("after loss ", outcome_.losses, ": ", failure));
    }
    return true;
  }

  static absl::StatusOr<BankState> Read(const RocksJournal& journal, const StoredBank& bank) {
    if (!bank.settings.ok()) return bank.settings.status();
    const absl::StatusOr<Stamps> stamps = ReadStamps(journal, bank.bank_id, *bank.settings);
    if (!stamps.ok()) return stamps.status();
    return BankState{bank.bank_id, bank.settings->max_patterns, bank.counts, *stamps};
  }

  void Fail(std::string text) {
    ++outcome_.banks_wrong;
    outcome_.failures.push_back(std::move(text));
  }

  void CountAcked() {
    outcome_.acked_changes = outcome_.acked_rows = outcome_.bulk_changes = outcome_.in_flight_kept = 0;
    for (const auto& writer : writers_) {
      outcome_.acked_changes += writer->acked_changes();
      outcome_.acked_rows += writer->acked_rows();
      outcome_.bulk_changes += writer->bulk_changes();
      outcome_.in_flight_kept += writer->in_flight_kept();
    }
  }

  const PowerLossPlan plan_;
  std::mt19937_64 random_;
  const std::shared_ptr<LossyFileSystem> files_;
  const std::shared_ptr<rocksdb::Env> env_;
  std::vector<std::unique_ptr<Writer>> writers_;
  PowerLossOutcome outcome_;
};

}  // namespace

PowerLossOutcome RunPowerLosses(const PowerLossPlan& plan) { return Trial(plan).Run(); }

}  // namespace engram
