#include "core/bank/published_version.h"

#include "core/bank/bank_errors.h"

namespace engram {

BankSnapshot PublishedVersion::Pin() const {
  MutexLock lock(&state_mutex_);
  return BankSnapshot(state_);
}

absl::StatusOr<FoundPatterns> PublishedVersion::Find(absl::Span<const uint64_t> ids) const {
  MutexLock lock(&index_mutex_);
  FoundPatterns found{Pin(), {}};
  found.rows.reserve(ids.size());
  for (const uint64_t id : ids) {
    const auto it = index_.find(id);
    if (it == index_.end()) return PatternNotFound(found.snapshot.settings().name, id);
    found.rows.push_back(it->second);
  }
  return found;
}

PublishedVersion::Entries PublishedVersion::Present(absl::Span<const uint64_t> ids) const {
  MutexLock lock(&index_mutex_);
  Entries entries;
  for (const uint64_t id : ids) {
    if (const auto it = index_.find(id); it != index_.end()) entries.push_back(*it);
  }
  return entries;
}

PublishedVersion::State PublishedVersion::Publish(State state, const Entries& stored,
                                                  absl::Span<const uint64_t> erased) {
  MutexLock lock(&index_mutex_);
  for (const auto& [id, row] : stored) index_[id] = row;
  for (const uint64_t id : erased) index_.erase(id);
  return Show(std::move(state));
}

PublishedVersion::State PublishedVersion::Publish(State state, RowIndex* index) {
  MutexLock lock(&index_mutex_);
  index_.swap(*index);
  return Show(std::move(state));
}

PublishedVersion::State PublishedVersion::Show(State state) {
  MutexLock lock(&state_mutex_);
  return std::exchange(state_, std::move(state));
}

}  // namespace engram
