#include "core/bank/bank_contents.h"

#include "absl/types/span.h"
#include "core/base/column_sums.h"

namespace engram {

BankContents::BankContents(const std::shared_ptr<const BankSettings>& settings, const BankMemory& memory)
    : rows_(settings, memory), sums_(settings->dim) {}

int64_t BankContents::BytesWithoutRows(const BankSettings& settings) {
  return settings.dim * static_cast<int64_t>(sizeof(ExactSum) + sizeof(double));
}

std::vector<RowRef> BankContents::Append(const PatternRows& batch, int64_t version,
                                         Reservation payload_memory) {
  std::vector<RowRef> added;
  added.reserve(batch.ids.size());
  for (size_t i = 0; i < batch.ids.size(); ++i) {
    added.push_back(rows_.Append(batch.ids[i], version, batch.patterns.row(i), batch.value(i),
                                 batch.payload(i), &payload_memory));
  }
  AddToColumnSums(batch.patterns, absl::MakeSpan(sums_));
  return added;
}

void BankContents::Kill(RowRef row, int64_t version) {
  rows_.Kill(row, version);
  const absl::Span<const float> pattern = rows_.segments()[row.segment]->pattern(row.index);
  for (size_t j = 0; j < sums_.size(); ++j) sums_[j].Subtract(pattern[j]);
}

void BankContents::SetVersion(int64_t version, uint64_t next_id) {
  version_ = version;
  next_id_ = next_id;
}

std::shared_ptr<const BankSnapshot::State> BankContents::MakeState(
    std::shared_ptr<const BankSettings> settings) {
  // Here, as whatever is published was made here.
  CopyToDevice();
  auto state = std::make_shared<BankSnapshot::State>();
  state->settings = std::move(settings);
  state->layout_id = rows_.layout_id();
  state->version = version_;
  state->pattern_count = rows_.living_count();
  state->largest_norm = rows_.LargestNorm();
  state->mean.resize(sums_.size());
  if (rows_.living_count() > 0) {
    for (size_t j = 0; j < sums_.size(); ++j) {
      state->mean[j] = sums_[j].ToDouble() / static_cast<double>(rows_.living_count());
    }
  }
  state->segments = rows_.segments();
  state->segment_rows = rows_.segment_rows();
  state->segment_norm_bounds = rows_.segment_norm_bounds();
  return state;
}

}  // namespace engram
