#include "core/bank/compaction.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

absl::Status Stopped() { return absl::CancelledError("the compaction was stopped"); }

}  // namespace

Compaction::Compaction(std::shared_ptr<const BankSettings> settings, const BankMemory& memory)
    : settings_(std::move(settings)), budget_(memory.budget), rows_(settings_, memory) {}

int64_t Compaction::FirstNewRow(int64_t segment) const {
  return segment < static_cast<int64_t>(places_.size()) ? static_cast<int64_t>(places_[segment].size()) : 0;
}

int64_t Compaction::RowsBehind(const BankSnapshot& newest) const {
  int64_t behind = 0;
  for (int64_t s = 0; s < newest.segment_count(); ++s) behind += newest.rows_in_segment(s) - FirstNewRow(s);
  return behind;
}

absl::Status Compaction::MakeRoomForNewRowsOf(const BankSnapshot& newest,
                                              absl::FunctionRef<bool()> should_stop,
                                              Reservation* payload_memory) {
  ENGRAM_ASSIGN_OR_RETURN(Reservation places_memory,
                          budget_->Reserve(RowsBehind(newest) * static_cast<int64_t>(sizeof(RowRef)),
                                           absl::StrCat("a compaction of bank '", settings_->name, "'")));
  places_memory_.Add(std::move(places_memory));
  // Of all rows the number is known: where there is no memory for them, nobody looks at them.
  if (places_.empty()) ENGRAM_RETURN_IF_ERROR(rows_.MakeRoom(newest.pattern_count()));
  int64_t count = 0;
  int64_t payload_bytes = 0;
  for (int32_t s = 0; s < newest.segment_count(); ++s) {
    if (should_stop()) return Stopped();
    for (auto i = static_cast<int32_t>(FirstNewRow(s)); i < newest.rows_in_segment(s); ++i) {
      if (!newest.Visible({s, i})) continue;
      ++count;
      payload_bytes += BankRows::PayloadBytes(newest.payload({s, i}));
    }
  }
  ENGRAM_ASSIGN_OR_RETURN(*payload_memory, rows_.ReservePayloads(payload_bytes));
  ENGRAM_RETURN_IF_ERROR(rows_.MakeRoom(count));
  index_.reserve(index_.size() + count);
  return absl::OkStatus();
}

absl::Status Compaction::CopyNewRowsOf(const BankSnapshot& newest, absl::FunctionRef<bool()> should_stop) {
  Reservation payload_memory;
  ENGRAM_RETURN_IF_ERROR(MakeRoomForNewRowsOf(newest, should_stop, &payload_memory));
  places_.resize(newest.segment_count());
  for (int32_t s = 0; s < newest.segment_count(); ++s) {
    if (should_stop()) return Stopped();
    std::vector<RowRef>& places = places_[s];
    places.reserve(newest.rows_in_segment(s));
    for (auto i = static_cast<int32_t>(places.size()); i < newest.rows_in_segment(s); ++i) {
      const RowRef row = {s, i};
      if (!newest.Visible(row)) {
        places.push_back(kNowhere);
        continue;
      }
      places.push_back(rows_.Append(newest.id(row), newest.segment(s).born(i), newest.pattern(row),
                                    newest.value(row), newest.payload(row), &payload_memory));
      index_[newest.id(row)] = places.back();
    }
    rows_.CopyToDevice();  // Now, so that the writer's turn has little left to copy.
  }
  return absl::OkStatus();
}

void Compaction::Kill(const BankSnapshot& bank, RowRef row) {
  const RowRef place = places_[row.segment][row.index];
  if (place == kNowhere) return;
  rows_.Kill(place, bank.segment(row.segment).died(row.index));
  // Another row may have taken its id since.
  const auto it = index_.find(bank.id(row));
  if (it != index_.end() && it->second == place) index_.erase(it);
}

}  // namespace engram
