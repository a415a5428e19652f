#ifndef ENGRAM_CORE_SWEEP_CPU_RECALLED_PATTERNS_H_
#define ENGRAM_CORE_SWEEP_CPU_RECALLED_PATTERNS_H_

#include <cstdint>
#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/base/counter.h"
#include "core/base/mutex.h"
#include "core/sweep/sweeper.h"

namespace engram {

// What is known of states that are stored patterns, the fixed points of exact retrievals: the pattern, the
// runner-up that certifies it, and what lies between. Who recalls a pattern again needs no sweep to know that
// it is recalled. Of a fixed size, about 1 MB; forgets. Thread-safe.
class RecalledPatterns {
 public:
  // A stored pattern that is the state, in one version of a bank.
  struct Key {
    uint64_t layout_id;
    int64_t version;
    int32_t segment;
    int32_t index;

    bool operator==(const Key& other) const {
      return layout_id == other.layout_id && version == other.version && segment == other.segment &&
             index == other.index;
    }
    template <typename H>
    friend H AbslHashValue(H hash, const Key& key) {
      return H::combine(std::move(hash), key.layout_id, key.version, key.segment, key.index);
    }
  };

  // The key of `state` if it is the pattern of the row among `rows` with the largest score.
  static std::optional<Key> KeyOf(const BankSnapshot& bank, const SweepState& state,
                                  absl::Span<const Survivor> rows);

  // Remembers all rows with a score of at least `cut` for the state of `key`, unless they are many.
  void Remember(const Key& key, double cut, const SurvivorList& rows) ABSL_LOCKS_EXCLUDED(mutex_);

  // Makes `survivors` those of the state of `key` under `cut`, if they are known. False: they are not, and
  // `survivors` is as before.
  bool Find(const Key& key, const Cut& cut, SurvivorList* survivors) const ABSL_LOCKS_EXCLUDED(mutex_);

  // How often Find found.
  int64_t hits() const { return hits_.value(); }

 private:
  struct Known {
    double cut;
    SurvivorList rows;  // By descending score.
  };

  mutable Counter hits_;
  mutable Mutex mutex_;
  absl::flat_hash_map<Key, Known> known_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_RECALLED_PATTERNS_H_
