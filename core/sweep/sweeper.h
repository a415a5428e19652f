#ifndef ENGRAM_CORE_SWEEP_SWEEPER_H_
#define ENGRAM_CORE_SWEEP_SWEEPER_H_

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/bank/residency.h"
#include "core/sweep/device_status.h"
#include "core/sweep/softmax_stream.h"
#include "core/sweep/sweeper_counts.h"
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
  // If more rows survive, the state is left: the caller has no room for them, and asks again when it has.
  int64_t most_survivors = std::numeric_limits<int64_t>::max();
};

// A row that outlived screening, with its canonical score (CanonicalArithmetic::dot of pattern and state).
struct Survivor {
  double score = 0;
  uint64_t id = 0;
  RowRef row;
};

using SurvivorList = std::vector<Survivor>;

// What a sweep of a state q has found out about the rows that did not survive: bounds of their scores, which
// bound the scores x.q' of a later state, too, since no score moves by more than |x| |q' - a q| from a x.q.
class NearMisses {
 public:
  virtual ~NearMisses() = default;

  // Makes `survivors`, those of the state before, what Sweep would give for `next`, a state of the same
  // dimension and version, if the bounds are sharp enough. False: they are not, or there are more than
  // next.most_survivors, and the bank must be swept again; `survivors` is undefined then.
  virtual bool Serve(const SweepState& next, SurvivorList* survivors) const = 0;
};

// What a sweep returns for one state.
struct SweepResult {
  // Every visible row that the state's cut, taken from any of the exact scores, would keep; in any order,
  // each with its canonical score. May hold more rows; never fewer.
  SurvivorList survivors;
  // Null: the backend keeps none, or they are worth nothing.
  std::unique_ptr<const NearMisses> near_misses;
  // The state was left: there is neither of the above. See SweepState::most_survivors.
  bool is_left = false;
};

// A backend: passes over the patterns of a bank. It implements nothing else; memory is its own business.
class Sweeper {
 public:
  virtual ~Sweeper() = default;

  // The value of --backend, and the label in logs: "reference", "cpu", "cuda".
  virtual absl::string_view name() const = 0;

  // Sweeps `bank` for each state; `results` has one for each. Thread-safe. UNAVAILABLE: the device is lost;
  // the results are undefined.
  virtual absl::Status Sweep(const BankSnapshot& bank, absl::Span<const SweepState> states,
                             absl::Span<SweepResult> results) = 0;

  // For each state its softmax update in float32 or better, in one read of the patterns that several states
  // share, with a bound of the error. `updates` has one for each state. An update may differ in its last bits
  // between backends, of which a bank that grows may come to another, and between instruction sets, and when
  // a compaction moves rows; not with the other states. Thread-safe. UNAVAILABLE: as for Sweep.
  virtual absl::Status StreamSoftmax(const BankSnapshot& bank, absl::Span<const StreamState> states,
                                     absl::Span<StreamedSoftmax> updates) = 0;

  // sum_i weights[i] x_i [D] over the patterns of `members`, in canonical order (see WeightedSum), where the
  // backend does that faster than the host. False: it does not, and `sum` is undefined. Thread-safe.
  virtual bool Combine(const BankSnapshot& /*bank*/, absl::Span<const Survivor> /*members*/,
                       absl::Span<const double> /*weights*/, absl::Span<double> /*sum*/) {
    return false;
  }

  // Whether a sweep leaves the host free, so that it pays to begin the next while what this one found is made
  // into answers.
  virtual bool leaves_host_free() const { return false; }

  // Where the rows of banks must lie for this backend to have them on its device, if it has one; null: it has
  // none. Must outlive the banks.
  virtual Residency* residency() { return nullptr; }

  // For metrics. Thread-safe.
  virtual SweeperCounts counts() const { return {}; }
  // Asks each device whether it still works, for what devices() tells: a fault, or that no answer comes.
  // Called periodically, by one thread; does not wait for answers, but a device that hangs may hold it up for
  // ever.
  virtual void ProbeDevices() {}
  // Its devices other than the host, if any; asked for often, and never held up. Thread-safe.
  virtual std::vector<DeviceStatus> devices() const { return {}; }
  // The share of time in which device i was at work lately, 0 to 1; unset: nobody knows. May take a while.
  // Thread-safe.
  virtual std::optional<double> DeviceUtilization(size_t /*i*/) const { return std::nullopt; }
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_SWEEPER_H_
