#ifndef ENGRAM_CORE_SWEEP_SWEEPER_H_
#define ENGRAM_CORE_SWEEP_SWEEPER_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/transform/cut.h"

namespace engram {

// One state that a sweep serves.
struct SweepState {
  // q [D], finite. Somebody else's data.
  absl::Span<const double> state;
  // Which rows may be left out.
  Cut cut;
  // Rows visible at this version count; at most the version of the snapshot that is swept.
  int64_t version = 0;
};

// A row that outlived screening, with its canonical score (CanonicalArithmetic::dot of pattern and state).
struct Survivor {
  double score = 0;
  uint64_t id = 0;
  RowRef row;
};

using SurvivorList = std::vector<Survivor>;

// A backend: one pass over the patterns of a bank. It implements nothing else; memory is its own business.
class Sweeper {
 public:
  virtual ~Sweeper() = default;

  // The value of --backend, and the label in logs: "reference", "cpu".
  virtual absl::string_view name() const = 0;

  // For each state every visible row that its cut, taken from any of the exact scores, would keep; in any
  // order, each with its canonical score. May hold more rows; never fewer. `survivors` has one list for each
  // state. Thread-safe. UNAVAILABLE: the device is lost; the lists are undefined.
  virtual absl::Status Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                             absl::Span<SurvivorList> survivors) = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_SWEEPER_H_
