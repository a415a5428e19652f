#include "core/sweep/cuda/resident_rows.h"

#include <algorithm>

#include "core/codes/row_code.h"
#include "core/sweep/cuda/device_segment.h"

namespace engram {

std::vector<ResidentRows> ResidentRows::FindAll(const BankSnapshot& bank) {
  std::vector<Gpu*> gpus;
  for (int64_t s = 0; s < bank.segment_count(); ++s) {
    const DeviceSegment* const segment = DeviceSegment::Of(bank.segment(s));
    if (segment == nullptr || segment->patterns() == nullptr) {
      if (bank.rows_in_segment(s) > 0) return {};
      continue;
    }
    if (std::find(gpus.begin(), gpus.end(), segment->gpu()) == gpus.end()) gpus.push_back(segment->gpu());
  }
  std::vector<ResidentRows> found;
  for (Gpu* const gpu : gpus) {
    const auto has = [&](int32_t s) {
      const DeviceSegment* const segment = DeviceSegment::Of(bank.segment(s));
      return segment != nullptr && segment->gpu() == gpu && segment->patterns() != nullptr;
    };
    ResidentRows rows(bank, TileSequence(bank, has), gpu);
    int64_t begin = 0;
    int64_t tile = 0;
    for (int32_t s = 0; s < bank.segment_count(); ++s) {
      if (!has(s)) continue;
      const int64_t count = bank.rows_in_segment(s);
      const DeviceTiles resident = DeviceSegment::Of(bank.segment(s))->tiles(0, 0);
      if (count > 0) {
        rows.segments_.push_back(
            {resident.patterns, resident.norms, begin, begin + count, tile, rows.row_count_});
        rows.numbers_.push_back(s);
      }
      // By capacity, so that a row's number, and who adds it up, does not change while others are stored.
      begin += bank.segment(s).capacity();
      tile += count / kTileRows;
      rows.row_count_ += count;
    }
    if (rows.row_count_ > 0) found.push_back(std::move(rows));
  }
  return found;
}

std::vector<uint16_t> ResidentRows::LooseRowsAt(int64_t version) const {
  std::vector<uint16_t> loose(segments_.size());
  for (size_t k = 0; k < segments_.size(); ++k) {
    const int64_t count = segments_[k].end - segments_[k].begin;
    for (int64_t i = count / kTileRows * kTileRows; i < count; ++i) {
      if (!bank_->segment(numbers_[k]).VisibleAt(i, version)) continue;
      loose[k] |= static_cast<uint16_t>(1U << (i % kTileRows));
    }
  }
  return loose;
}

}  // namespace engram
