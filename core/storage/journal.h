#ifndef ENGRAM_CORE_STORAGE_JOURNAL_H_
#define ENGRAM_CORE_STORAGE_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/base/matrix_view.h"
#include "core/storage/bank_settings.h"

namespace engram {

// Patterns that one Store adds to a bank or replaces in it. Somebody else's data.
struct PatternRows {
  absl::Span<const uint64_t> ids;          // [n], distinct.
  MatrixView<const float> patterns;        // [n, D].
  MatrixView<const float> values;          // [n, V]; empty if V = 0.
  absl::Span<const std::string> payloads;  // [n], or empty: no payloads.

  // Of row i; empty if there is none.
  absl::Span<const float> value(int64_t i) const {
    return values.cols() > 0 ? values.row(i) : absl::Span<const float>();
  }
  absl::string_view payload(int64_t i) const {
    return payloads.empty() ? absl::string_view() : absl::string_view(payloads[i]);
  }
};

// What one Store or Delete does to the patterns of a bank.
struct PatternChange {
  PatternRows stored;                      // Added, or put in the place of those that have their ids.
  absl::Span<const uint64_t> deleted_ids;  // Distinct, of patterns that the bank has.
};

// Numbers of a bank that change with its patterns.
struct BankCounts {
  int64_t version = 0;
  int64_t pattern_count = 0;
  uint64_t next_id = 0;  // That the server assigns.
};

// A bank on its way into a journal with all its patterns. It is there, durably, when it was published; what
// was not published leaves nothing when this goes, or after a crash. Used by one thread.
class BankImport {
 public:
  virtual ~BankImport() = default;
  // Adds patterns. REQUIRES: rows.ids ascend, over all calls too; shapes as the bank's settings say; the
  // calls so far were OK.
  virtual absl::Status Add(const PatternRows& rows) = 0;
  // All at once. REQUIRES: as Add; not called before; `counts` are those of what was added.
  virtual absl::Status Publish(const BankCounts& counts) = 0;
};

// Where every change of the banks is written before it becomes visible. When a call returns OK the
// change is as durable as the bank's settings promise; when it does not, the change must not have
// happened after any restart. Thread-safe; calls for one bank come one at a time, in the order of the
// versions.
//
// Errors: RESOURCE_EXHAUSTED (no space; free some), UNAVAILABLE (the medium fails; retry later).
class Journal {
 public:
  virtual ~Journal() = default;

  // The strongest promise that this journal keeps.
  virtual Durability durability() const = 0;

  virtual absl::Status CreateBank(int64_t bank_id, const BankSettings& settings) = 0;
  // Replaces the settings of the bank, which keeps its version.
  virtual absl::Status UpdateBank(int64_t bank_id, const BankSettings& settings) = 0;
  virtual absl::Status DeleteBank(int64_t bank_id) = 0;
  // Changes the patterns of a bank with `settings`, one change after another; then it has `counts`. All of
  // them or none: where space is short, changes that only delete are let through longer than any with stored
  // patterns among them, which is refused as a whole.
  virtual absl::Status ChangePatterns(int64_t bank_id, const BankSettings& settings,
                                      absl::Span<const PatternChange> changes, const BankCounts& counts) = 0;
  // Begins a bank that comes with its patterns. The result must not outlive this.
  virtual absl::StatusOr<std::unique_ptr<BankImport>> ImportBank(int64_t bank_id,
                                                                 const BankSettings& settings) = 0;
};

// Keeps nothing.
class VolatileImport : public BankImport {
 public:
  absl::Status Add(const PatternRows&) override { return absl::OkStatus(); }
  absl::Status Publish(const BankCounts&) override { return absl::OkStatus(); }
};

// Keeps nothing: banks live in memory and are gone when the process ends.
class VolatileJournal : public Journal {
 public:
  Durability durability() const override { return Durability::kVolatile; }
  absl::Status CreateBank(int64_t, const BankSettings&) override { return absl::OkStatus(); }
  absl::Status UpdateBank(int64_t, const BankSettings&) override { return absl::OkStatus(); }
  absl::Status DeleteBank(int64_t) override { return absl::OkStatus(); }
  absl::Status ChangePatterns(int64_t, const BankSettings&, absl::Span<const PatternChange>,
                              const BankCounts&) override {
    return absl::OkStatus();
  }
  absl::StatusOr<std::unique_ptr<BankImport>> ImportBank(int64_t, const BankSettings&) override {
    return std::make_unique<VolatileImport>();
  }
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_JOURNAL_H_
