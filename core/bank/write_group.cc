#include "core/bank/write_group.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "core/bank/bank_errors.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

// A group this large costs the medium about as much to write as to make durable, so that nobody gains by
// waiting for more.
constexpr int64_t kMaxBytes = int64_t{1} << 20;

int64_t BytesOf(const BankWrite& write) {
  constexpr auto kIdBytes = static_cast<int64_t>(sizeof(uint64_t));
  if (write.batch == nullptr) return static_cast<int64_t>(write.delete_ids.size()) * kIdBytes;
  const PatternRows& batch = *write.batch;
  const auto row_bytes =
      static_cast<int64_t>((batch.patterns.cols() + batch.values.cols()) * sizeof(float)) + kIdBytes;
  int64_t bytes = batch.patterns.rows() * row_bytes;
  for (const std::string& payload : batch.payloads) bytes += static_cast<int64_t>(payload.size());
  return bytes;
}

}  // namespace

WriteGroup::WriteGroup(const BankSettings& settings, const BankContents& contents,
                       const PublishedVersion& published)
    : settings_(settings), published_(published), rows_(contents.rows()), counts_(contents.counts()) {}

bool WriteGroup::Add(BankWrite* write) {
  const int64_t bytes = BytesOf(*write);
  if (!steps_.empty()) {
    if (bytes_ + bytes > kMaxBytes) return false;
    if (Touches(write->batch != nullptr ? write->batch->ids : write->delete_ids)) return false;
  }
  const size_t step_count = steps_.size();
  write->status = write->batch != nullptr ? PlanStore(write) : PlanDelete(write);
  if (steps_.size() == step_count) return true;
  bytes_ += bytes;
  // A large one stays alone, so that nobody looks its ids up.
  if (bytes_ < kMaxBytes) touched_.insert(write->ids.begin(), write->ids.end());
  return true;
}

bool WriteGroup::Touches(absl::Span<const uint64_t> ids) const {
  return std::any_of(ids.begin(), ids.end(), [this](uint64_t id) { return touched_.contains(id); });
}

absl::Status WriteGroup::PlanStore(BankWrite* write) {
  const PatternRows& batch = *write->batch;
  const int64_t count = batch.patterns.rows();
  Step step{write, {}, {}};
  if (batch.ids.empty()) {
    ENGRAM_ASSIGN_OR_RETURN(write->ids, AssignIds(count));
  } else {
    write->ids.assign(batch.ids.begin(), batch.ids.end());
    step.gone = published_.Present(write->ids);
  }
  const int64_t more = count - static_cast<int64_t>(step.gone.size());
  if (settings_.max_patterns > 0 && counts_.pattern_count + more > settings_.max_patterns) {
    return BankFull(settings_, counts_.pattern_count, more);
  }
  int64_t payload_bytes = 0;
  for (const std::string& payload : batch.payloads) payload_bytes += BankRows::PayloadBytes(payload);
  if (const absl::Status taken = TakeMemory(added_rows_ + count, payload_bytes, &step.payload_memory);
      !taken.ok()) {
    write->is_short_of_memory = true;
    write->lack = rows_.LackFor(added_rows_ + count, payload_bytes);
    return taken;
  }
  added_rows_ += count;
  counts_.next_id = std::max(counts_.next_id, *std::max_element(write->ids.begin(), write->ids.end()) + 1);
  PatternRows stored = batch;
  stored.ids = write->ids;
  AddStep(std::move(step), {stored, {}}, more);
  return absl::OkStatus();
}

absl::Status WriteGroup::TakeMemory(int64_t count, int64_t payload_bytes, Reservation* payload_memory) {
  ENGRAM_ASSIGN_OR_RETURN(Reservation reservation, rows_.ReservePayloads(payload_bytes));
  ENGRAM_RETURN_IF_ERROR(rows_.MakeRoom(count));
  *payload_memory = std::move(reservation);
  return absl::OkStatus();
}

absl::Status WriteGroup::PlanDelete(BankWrite* write) {
  Step step{write, published_.Present(write->delete_ids), {}};
  write->ids.clear();
  for (const auto& [id, row] : step.gone) write->ids.push_back(id);
  if (write->ids.size() < write->delete_ids.size() && !write->allow_missing) {
    const auto missing =
        std::mismatch(write->ids.begin(), write->ids.end(), write->delete_ids.begin()).second;
    return PatternNotFound(settings_.name, *missing);
  }
  write->version = counts_.version;
  if (write->ids.empty()) return absl::OkStatus();
  AddStep(std::move(step), {{}, write->ids}, -static_cast<int64_t>(write->ids.size()));
  return absl::OkStatus();
}

void WriteGroup::AddStep(Step step, PatternChange change, int64_t more) {
  step.write->version = ++counts_.version;
  counts_.pattern_count += more;
  steps_.push_back(std::move(step));
  changes_.push_back(change);
}

absl::StatusOr<std::vector<uint64_t>> WriteGroup::AssignIds(int64_t count) const {
  const uint64_t left = BankContents::kIdLimit - counts_.next_id;
  if (left < static_cast<uint64_t>(count)) return IdsUsedUp(settings_.name, left, count);
  std::vector<uint64_t> ids(count);
  std::iota(ids.begin(), ids.end(), counts_.next_id);
  return ids;
}

PublishedVersion::State WriteGroup::Apply(const std::shared_ptr<const BankSettings>& settings,
                                          absl::FunctionRef<void(RowRef)> died, BankContents* contents,
                                          PublishedVersion* published) {
  contents->ReplaceRows(std::move(rows_));
  PublishedVersion::Entries stored;
  stored.reserve(added_rows_);
  std::vector<uint64_t> erased;
  for (size_t i = 0; i < steps_.size(); ++i) {
    Step& step = steps_[i];
    const int64_t version = step.write->version;
    for (const auto& [id, row] : step.gone) {
      contents->Kill(row, version);
      died(row);
    }
    if (changes_[i].stored.ids.empty()) {
      erased.insert(erased.end(), step.write->ids.begin(), step.write->ids.end());
      continue;
    }
    const std::vector<RowRef> added =
        contents->Append(changes_[i].stored, version, std::move(step.payload_memory));
    for (size_t r = 0; r < added.size(); ++r) stored.emplace_back(step.write->ids[r], added[r]);
  }
  contents->SetVersion(counts_.version, counts_.next_id);
  return published->Publish(contents->MakeState(settings), stored, erased);
}

}  // namespace engram
