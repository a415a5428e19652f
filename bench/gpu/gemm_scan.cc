#include "bench/gpu/gemm_scan.h"

#include <algorithm>

#include "bench/gpu/gemm_kernels.h"
#include "bench/gpu/own_workspace.h"
#include "core/base/status_macros.h"
#include "core/codes/row_code.h"

namespace engram::bench {
namespace {

// What libraries want dimensions to be multiples of.
constexpr int64_t kMultiple = 16;
constexpr int64_t kAlignment = 256;

int64_t Padded(int64_t count, int64_t multiple) { return (count + multiple - 1) / multiple * multiple; }

// As many rows as have about so many bytes of integers, in parts of much the same size.
int64_t PartRows(int64_t row_count, int64_t state_count, int64_t part_bytes) {
  const int64_t tile_bytes = kTileRows * state_count * static_cast<int64_t>(sizeof(int32_t));
  const int64_t tiles = row_count / kTileRows;
  const int64_t most = std::clamp<int64_t>(part_bytes / tile_bytes, 1, tiles);
  const int64_t parts = (tiles + most - 1) / most;
  return (tiles + parts - 1) / parts * kTileRows;
}

}  // namespace

absl::StatusOr<std::unique_ptr<RowCodes>> RowCodes::Make(Device* device, const SyntheticBank& bank) {
  std::unique_ptr<RowCodes> made(new RowCodes(device));
  made->copies_ = bank.copies();
  made->row_count_ = bank.tile_count() * kTileRows;
  made->columns_ = Padded(bank.bank(0).units * kUnitColumns, kMultiple);
  ENGRAM_RETURN_IF_ERROR(made->memory_.Take(made->copies_ * made->row_count_ * made->columns_));
  ENGRAM_ASSIGN_OR_RETURN(const OwnWorkspace workspace, OwnWorkspace::Make(device));
  for (int64_t i = 0; i < made->copies_; ++i) {
    auto* const rows = made->memory_.as<int8_t>() + i * made->row_count_ * made->columns_;
    ENGRAM_RETURN_IF_ERROR(device->Check(
        LaunchUntile(bank.bank(i), made->columns_, rows, workspace->stream()), "laying out codes"));
  }
  ENGRAM_RETURN_IF_ERROR(workspace->Wait());
  return made;
}

absl::StatusOr<std::unique_ptr<GemmScan>> GemmScan::Make(Device* device, const SyntheticBank* bank,
                                                         const RowCodes* codes, const SyntheticStates* states,
                                                         int64_t part_bytes) {
  std::unique_ptr<GemmScan> made(new GemmScan(device, bank, codes, states));
  made->padded_count_ = Padded(states->count(), kMultiple);
  made->part_rows_ = PartRows(codes->row_count(), made->padded_count_, part_bytes);
  const int64_t state_bytes = Padded(made->padded_count_ * codes->columns(), kAlignment);
  const int64_t product_bytes =
      made->padded_count_ * made->part_rows_ * static_cast<int64_t>(sizeof(int32_t));
  ENGRAM_RETURN_IF_ERROR(made->memory_.Take(state_bytes + product_bytes));
  made->rows_of_states_ = made->memory_.as<int8_t>();
  made->products_ = reinterpret_cast<int32_t*>(made->rows_of_states_ + state_bytes);
  ENGRAM_ASSIGN_OR_RETURN(const OwnWorkspace workspace, OwnWorkspace::Make(device));
  ENGRAM_RETURN_IF_ERROR(
      device->Check(LaunchUnpack(states->packed(), states->count(), made->padded_count_, bank->bank(0).units,
                                 codes->columns(), made->rows_of_states_, workspace->stream()),
                    "laying out states"));
  ENGRAM_RETURN_IF_ERROR(workspace->Wait());
  return made;
}

absl::Status GemmScan::Scan(Gemm* way, int64_t copy, float* uppers, cudaStream_t stream) const {
  const int8_t* const rows = codes_->rows(copy);
  for (int64_t begin = 0; begin < codes_->row_count(); begin += part_rows_) {
    // The last part is as large as the others and has some of their rows again.
    const int64_t first = std::min(begin, codes_->row_count() - part_rows_);
    ENGRAM_RETURN_IF_ERROR(
        way->Multiply(rows + first * codes_->columns(), rows_of_states_, products_, stream));
    ENGRAM_RETURN_IF_ERROR(device_->Check(LaunchFilter(products_, part_rows_, bank_->bank(copy),
                                                       states_->states(), first / kTileRows, uppers, stream),
                                          "filtering products"));
  }
  return absl::OkStatus();
}

}  // namespace engram::bench
