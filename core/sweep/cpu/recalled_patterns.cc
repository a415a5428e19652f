#include "core/sweep/cpu/recalled_patterns.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace engram {
namespace {

constexpr size_t kMaxPatterns = 4096;
constexpr size_t kMaxRows = 8;

bool HasLessScore(const Survivor& a, const Survivor& b) { return a.score < b.score; }

}  // namespace

std::optional<RecalledPatterns::Key> RecalledPatterns::KeyOf(const BankSnapshot& bank,
                                                             const SweepState& state,
                                                             absl::Span<const Survivor> rows) {
  if (rows.empty()) return std::nullopt;
  const RowRef row = std::max_element(rows.begin(), rows.end(), HasLessScore)->row;
  const absl::Span<const float> pattern = bank.pattern(row);
  if (!std::equal(pattern.begin(), pattern.end(), state.state.begin(), state.state.end()))
    return std::nullopt;
  return Key{bank.layout_id(), state.version, row.segment, row.index};
}

void RecalledPatterns::Remember(const Key& key, double cut, const SurvivorList& rows) {
  if (rows.empty() || rows.size() > kMaxRows) return;
  Known known{cut, rows};
  std::sort(known.rows.begin(), known.rows.end(),
            [](const Survivor& a, const Survivor& b) { return HasLessScore(b, a); });
  MutexLock lock(&mutex_);
  if (known_.size() >= kMaxPatterns) known_.clear();
  known_[key] = std::move(known);
}

bool RecalledPatterns::Find(const Key& key, const Cut& cut, SurvivorList* survivors) const {
  SurvivorList rows;
  double known_down_to = 0;
  {
    MutexLock lock(&mutex_);
    const auto it = known_.find(key);
    if (it == known_.end()) return false;
    rows = it->second.rows;
    known_down_to = it->second.cut;
  }
  std::vector<double> scores;
  scores.reserve(rows.size());
  for (const Survivor& row : rows) scores.push_back(row.score);
  // What this cut keeps has at least this score, and all of that is known.
  if (!(cut.From(scores) >= known_down_to)) return false;
  *survivors = std::move(rows);
  hits_.Add(1);
  return true;
}

}  // namespace engram
