#ifndef ENGRAM_CORE_STORAGE_PATTERN_BATCH_H_
#define ENGRAM_CORE_STORAGE_PATTERN_BATCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "core/storage/bank_record.h"
#include "core/storage/journal.h"

namespace engram {

// Patterns read from their records, about 1 MiB of them at a time. Its memory is used again and again.
class PatternBatch {
 public:
  PatternBatch(int64_t dim, int64_t value_dim) : dim_(dim), value_dim_(value_dim) {}

  // DATA_LOSS: `record` is damaged; the batch is of no use any more.
  absl::Status Add(uint64_t id, absl::string_view record) {
    ids_.push_back(id);
    patterns_.resize(ids_.size() * dim_);
    values_.resize(ids_.size() * value_dim_);
    payloads_.emplace_back();
    bytes_ += static_cast<int64_t>(record.size());
    return DecodePattern(record, absl::MakeSpan(patterns_).last(dim_),
                         absl::MakeSpan(values_).last(value_dim_), &payloads_.back());
  }

  bool IsFull() const { return bytes_ >= kFullBytes; }
  bool IsEmpty() const { return ids_.empty(); }
  // Valid until the batch is changed.
  PatternRows rows() const {
    const auto count = static_cast<int64_t>(ids_.size());
    return {ids_,
            {patterns_.data(), count, dim_},
            {values_.data(), value_dim_ > 0 ? count : 0, value_dim_},
            payloads_};
  }
  void Clear() {
    ids_.clear();
    patterns_.clear();
    values_.clear();
    payloads_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr int64_t kFullBytes = int64_t{1} << 20;

  const int64_t dim_;
  const int64_t value_dim_;
  std::vector<uint64_t> ids_;
  std::vector<float> patterns_;
  std::vector<float> values_;
  std::vector<std::string> payloads_;
  int64_t bytes_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_PATTERN_BATCH_H_
