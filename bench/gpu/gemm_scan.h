#ifndef ENGRAM_BENCH_GPU_GEMM_SCAN_H_
#define ENGRAM_BENCH_GPU_GEMM_SCAN_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/gpu/device_array.h"
#include "bench/gpu/gemm_library.h"
#include "bench/gpu/synthetic_bank.h"

namespace engram::bench {

// The codes of all copies of a bank row by row, as a library wants them.
class RowCodes {
 public:
  // `device` must outlive them. RESOURCE_EXHAUSTED: the device has no room.
  static absl::StatusOr<std::unique_ptr<RowCodes>> Make(Device* device, const SyntheticBank& bank);

  // [row_count, columns]
  const int8_t* rows(int64_t copy) const {
    return memory_.as<int8_t>() + copy % copies_ * row_count_ * columns_;
  }
  int64_t row_count() const { return row_count_; }
  int64_t columns() const { return columns_; }

 private:
  explicit RowCodes(Device* device) : memory_(device) {}

  DeviceArray memory_;
  int64_t copies_ = 1;
  int64_t row_count_ = 0;
  int64_t columns_ = 0;
};

// The rival of ScanManyStates: for one part of the rows after the other a library's product, written to
// memory, and a filter that makes bounds of it.
class GemmScan {
 public:
  // With integers of at most about `part_bytes` in each part. All must outlive it.
  // RESOURCE_EXHAUSTED: the device has no room.
  static absl::StatusOr<std::unique_ptr<GemmScan>> Make(Device* device, const SyntheticBank* bank,
                                                        const RowCodes* codes, const SyntheticStates* states,
                                                        int64_t part_bytes);
  // Rows of each part, and what the library is asked for.
  GemmShape shape() const { return {part_rows_, codes_->columns(), padded_count_}; }

  // uppers [B, T], those of ScanManyStates. UNIMPLEMENTED: the library cannot.
  absl::Status Scan(Gemm* way, int64_t copy, float* uppers, cudaStream_t stream) const;

 private:
  GemmScan(Device* device, const SyntheticBank* bank, const RowCodes* codes, const SyntheticStates* states)
      : device_(device), bank_(bank), codes_(codes), states_(states), memory_(device) {}

  Device* const device_;
  const SyntheticBank* const bank_;
  const RowCodes* const codes_;
  const SyntheticStates* const states_;
  int64_t padded_count_ = 0;
  int64_t part_rows_ = 0;
  DeviceArray memory_;
  int8_t* rows_of_states_ = nullptr;  // [padded_count, columns]
  int32_t* products_ = nullptr;       // [padded_count, part_rows]
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_GPU_GEMM_SCAN_H_
