#include "bench/gpu/scan_bench.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/gpu/ceiling_kernels.h"
#include "bench/gpu/device_array.h"
#include "bench/gpu/device_timer.h"
#include "bench/gpu/own_workspace.h"
#include "bench/gpu/synthetic_bank.h"
#include "bench/service_goals.h"
#include "core/base/status_macros.h"
#include "core/codes/row_code.h"

namespace engram::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));
// As many lower bounds a state as the backend asks for at least.
constexpr int64_t kChunks = 256;

Json Skipped(Shape shape, int64_t batch, const std::string& why) {
  return {{"patterns", shape.patterns}, {"dim", shape.dim}, {"states", batch}, {"skipped", why}};
}

// One number of states.
struct Cell {
  std::unique_ptr<SyntheticStates> states;
  int64_t scans = 1;  // Of one timing.
  int64_t lowers = 1;
  std::vector<double> scan_ms;
  std::vector<double> lowers_ms;
};

class ScanBench {
 public:
  ScanBench(Device* device, Shape shape, const Ceilings& ceilings, const GpuOptions& options)
      : device_(device),
        shape_(shape),
        ceilings_(ceilings),
        options_(options),
        uppers_(device),
        lowers_(device) {}

  absl::StatusOr<Json> Run() {
    device_->Use();
    ENGRAM_ASSIGN_OR_RETURN(
        bank_, SyntheticBank::Make(device_, shape_, SyntheticBank::CopiesFor(shape_), options_.seed));
    ENGRAM_ASSIGN_OR_RETURN(workspace_, OwnWorkspace::Make(device_));
    ENGRAM_RETURN_IF_ERROR(TakeCells());
    DeviceTimer timer(device_, workspace_->stream());
    ENGRAM_ASSIGN_OR_RETURN(const int64_t reads, timer.FindCount([&](int64_t i) { return Read(i); }));
    for (Cell& cell : cells_) {
      ENGRAM_ASSIGN_OR_RETURN(cell.scans, timer.FindCount([&](int64_t i) { return Scan(cell, i); }));
      ENGRAM_ASSIGN_OR_RETURN(cell.lowers, timer.FindCount([&](int64_t i) { return Lowers(cell, i); }));
    }
    for (int64_t round = 0; round < options_.rounds; ++round) {
      ENGRAM_ASSIGN_OR_RETURN(read_ms_.emplace_back(), timer.Time(reads, [&](int64_t i) { return Read(i); }));
      for (Cell& cell : cells_) {
        ENGRAM_ASSIGN_OR_RETURN(cell.scan_ms.emplace_back(),
                                timer.Time(cell.scans, [&](int64_t i) { return Scan(cell, i); }));
        ENGRAM_ASSIGN_OR_RETURN(cell.lowers_ms.emplace_back(),
                                timer.Time(cell.lowers, [&](int64_t i) { return Lowers(cell, i); }));
      }
    }
    for (const Cell& cell : cells_) json_.push_back(Report(cell));
    return std::move(json_);
  }

 private:
  // States, and room for their bounds; those numbers of states for which there is none are skipped.
  absl::Status TakeCells() {
    std::vector<int64_t> batches = options_.batches;
    std::sort(batches.begin(), batches.end());
    int64_t most = 0;
    for (const int64_t batch : batches) {
      const int64_t bytes = batch * bank_->tile_count() * kFloatBytes;
      const absl::Status taken = uppers_.Take(bytes);
      if (absl::IsResourceExhausted(taken)) {
        json_.push_back(Skipped(shape_, batch, absl::StrCat("no room for ", bytes, " bytes of bounds")));
        continue;
      }
      ENGRAM_RETURN_IF_ERROR(taken);
      most = batch;
      cells_.emplace_back();
      ENGRAM_ASSIGN_OR_RETURN(cells_.back().states, SyntheticStates::Make(device_, batch, shape_.dim,
                                                                          bank_->visible(), options_.seed));
    }
    ENGRAM_RETURN_IF_ERROR(uppers_.Take(std::max<int64_t>(most, 1) * bank_->tile_count() * kFloatBytes));
    return lowers_.Take(std::max<int64_t>(most, 1) * kChunks * kFloatBytes);
  }

  cudaError_t Read(int64_t i) {
    return LaunchRead(bank_->codes(i), SyntheticBank::CodeBytes(shape_), device_->multiprocessors(),
                      lowers_.as<uint32_t>(), workspace_->stream());
  }
  cudaError_t Scan(const Cell& cell, int64_t i) {
    return cell.states->LaunchScan(bank_->bank(i), device_->multiprocessors(), uppers_.as<float>(),
                                   workspace_->stream());
  }
  cudaError_t Lowers(const Cell& cell, int64_t i) {
    return cell.states->LaunchLowers(bank_->bank(i), uppers_.as<float>(),
                                     std::min(kChunks, bank_->tile_count()), lowers_.as<float>(),
                                     workspace_->stream());
  }

  Json Report(const Cell& cell) const {
    const int64_t batch = cell.states->count();
    const int64_t bytes = SyntheticBank::ScannedBytes(shape_) + batch * bank_->tile_count() * kFloatBytes;
    const int64_t operations = 2 * bank_->tile_count() * kTileRows * UnitCount(shape_.dim) * kUnitColumns *
                               batch * cell.states->plane_count();
    const double ms = Median(cell.scan_ms);
    const double read_floor = static_cast<double>(bytes) / ceilings_.read_per_second * 1e3;
    const double multiply_floor = static_cast<double>(operations) / ceilings_.multiplied_per_second * 1e3;
    std::vector<double> of_plain_read;
    const double more = static_cast<double>(bytes) / static_cast<double>(SyntheticBank::CodeBytes(shape_));
    for (size_t round = 0; round < read_ms_.size(); ++round) {
      of_plain_read.push_back(more * read_ms_[round] / cell.scan_ms[round]);
    }
    return {{"patterns", shape_.patterns},
            {"dim", shape_.dim},
            {"states", batch},
            {"planes", cell.states->plane_count()},
            {"copies", bank_->copies()},
            {"bytes", bytes},
            {"operations", operations},
            {"milliseconds", ms},
            {"all_milliseconds", cell.scan_ms},
            {"plain_read_milliseconds", Median(read_ms_)},
            {"lowers_milliseconds", Median(cell.lowers_ms)},
            {"of_plain_read", Median(of_plain_read)},
            {"of_read_ceiling", read_floor / ms},
            {"of_multiply_ceiling", multiply_floor / ms},
            {"floor_milliseconds", std::max(read_floor, multiply_floor)}};
  }

  Device* const device_;
  const Shape shape_;
  const Ceilings& ceilings_;
  const GpuOptions& options_;
  std::unique_ptr<SyntheticBank> bank_;
  OwnWorkspace workspace_;
  DeviceArray uppers_;
  DeviceArray lowers_;
  std::vector<Cell> cells_;
  std::vector<double> read_ms_;
  Json json_ = Json::array();
};

}  // namespace

absl::StatusOr<nlohmann::ordered_json> MeasureScans(Device* device, Shape shape, const Ceilings& ceilings,
                                                    const GpuOptions& options) {
  std::string why;
  if (options.is_late()) {
    why = "no time left";
  } else {
    absl::StatusOr<Json> json = ScanBench(device, shape, ceilings, options).Run();
    if (!absl::IsResourceExhausted(json.status())) return json;
    why = std::string(json.status().message());
  }
  Json json = Json::array();
  for (const int64_t batch : options.batches) json.push_back(Skipped(shape, batch, why));
  return json;
}

}  // namespace engram::bench
