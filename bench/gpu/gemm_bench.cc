#include "bench/gpu/gemm_bench.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/gpu/ceilings.h"
#include "bench/gpu/device_array.h"
#include "bench/gpu/device_timer.h"
#include "bench/gpu/gemm_scan.h"
#include "bench/gpu/own_workspace.h"
#include "bench/gpu/synthetic_bank.h"
#include "bench/service_goals.h"
#include "core/base/status_macros.h"
#include "core/sweep/cuda/scan_kernels.h"

namespace engram::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));
// Ways of a library that are tried, and how often.
constexpr int kMostWays = 8;
constexpr int kTrials = 3;
// Integers are exact, and both evaluate the same few operations in float32, one of which a compiler may fuse
// with another or not: they differ by some roundings of the largest numbers there are at most.
constexpr float kMostDifference = 1e-5F;

// How far two lists of bounds are from each other.
struct Difference {
  float largest = 0;        // Infinite if one has a bound where the other has none.
  float largest_bound = 0;  // By magnitude.

  bool is_small() const { return largest <= kMostDifference * largest_bound; }
};

Difference Compare(const std::vector<float>& a, absl::Span<const float> b) {
  Difference difference;
  for (size_t i = 0; i < a.size(); ++i) {
    if (std::isfinite(a[i])) difference.largest_bound = std::max(difference.largest_bound, std::abs(a[i]));
    if (a[i] == b[i]) continue;
    const float apart = std::abs(a[i] - b[i]);
    // What is no number differs, too.
    if (!std::isfinite(apart)) return {std::numeric_limits<float>::infinity(), difference.largest_bound};
    difference.largest = std::max(difference.largest, apart);
  }
  return difference;
}

// The library's best for one number of states.
struct Best {
  std::unique_ptr<GemmScan> scan;
  std::vector<std::unique_ptr<Gemm>> ways;
  size_t way = 0;
  double milliseconds = std::numeric_limits<double>::infinity();
  int64_t tried = 0;
  std::string why_not = "the library knows no way";
};

class GemmBench {
 public:
  GemmBench(Device* device, GemmLibrary* library, Shape shape, const GpuOptions& options)
      : device_(device),
        library_(library),
        shape_(shape),
        options_(options),
        uppers_(device),
        fused_uppers_(device) {}

  absl::StatusOr<Json> Run() {
    device_->Use();
    ENGRAM_ASSIGN_OR_RETURN(
        bank_, SyntheticBank::Make(device_, shape_, SyntheticBank::CopiesFor(shape_), options_.seed));
    ENGRAM_ASSIGN_OR_RETURN(codes_, RowCodes::Make(device_, *bank_));
    ENGRAM_ASSIGN_OR_RETURN(workspace_, OwnWorkspace::Make(device_));
    Json cells = Json::array();
    for (const int64_t batch : options_.batches) {
      if (options_.is_late()) {
        cells.push_back(Skipped(batch, "no time left"));
        continue;
      }
      absl::StatusOr<Json> cell = Measure(batch);
      if (absl::IsResourceExhausted(cell.status()) || absl::IsUnimplemented(cell.status())) {
        cell = Skipped(batch, std::string(cell.status().message()));
      }
      ENGRAM_RETURN_IF_ERROR(cell.status());
      cells.push_back(*std::move(cell));
    }
    return cells;
  }

 private:
  Json Skipped(int64_t batch, const std::string& why) const {
    return {{"patterns", shape_.patterns}, {"dim", shape_.dim}, {"states", batch}, {"skipped", why}};
  }

  absl::StatusOr<Json> Measure(int64_t batch) {
    if (batch <= kFewStates) return Skipped(batch, "so few states are scanned in another way");
    ENGRAM_ASSIGN_OR_RETURN(
        const std::unique_ptr<SyntheticStates> states,
        SyntheticStates::Make(device_, batch, shape_.dim, bank_->visible(), options_.seed));
    const int64_t bounds = batch * bank_->tile_count();
    ENGRAM_RETURN_IF_ERROR(uppers_.Take(bounds * kFloatBytes));
    ENGRAM_RETURN_IF_ERROR(fused_uppers_.Take(bounds * kFloatBytes));
    DeviceTimer timer(device_, workspace_->stream());
    ENGRAM_ASSIGN_OR_RETURN(const Best best, FindBest(*states, &timer));
    if (best.scan == nullptr) return Skipped(batch, best.why_not);

    const auto fused = [&](int64_t i) { return Fused(*states, i); };
    const auto unfused = [&](int64_t i) { return Unfused(best, i); };
    ENGRAM_ASSIGN_OR_RETURN(const int64_t fused_count, timer.FindCount(fused));
    ENGRAM_ASSIGN_OR_RETURN(const int64_t unfused_count, timer.FindCount(unfused));
    std::vector<double> fused_ms;
    std::vector<double> gemm_ms;
    std::vector<double> speed;
    for (int64_t round = 0; round < options_.rounds; ++round) {
      ENGRAM_ASSIGN_OR_RETURN(fused_ms.emplace_back(), timer.Time(fused_count, fused));
      ENGRAM_ASSIGN_OR_RETURN(gemm_ms.emplace_back(), timer.Time(unfused_count, unfused));
      speed.push_back(gemm_ms.back() / fused_ms.back());
    }
    ENGRAM_RETURN_IF_ERROR(failure_);
    ENGRAM_ASSIGN_OR_RETURN(const Difference difference, CompareBounds(*states, best, bounds));
    return Json{{"patterns", shape_.patterns},
                {"dim", shape_.dim},
                {"states", batch},
                {"copies", bank_->copies()},
                {"fused_milliseconds", Median(fused_ms)},
                {"gemm_milliseconds", Median(gemm_ms)},
                {"all_fused_milliseconds", fused_ms},
                {"all_gemm_milliseconds", gemm_ms},
                {"fused_speed_of_gemm", Median(speed)},
                {"part_rows", best.scan->shape().rows},
                {"ways_tried", best.tried},
                {"way", best.way},
                {"largest_difference", difference.largest},
                {"largest_bound", difference.largest_bound},
                {"bounds_are_the_same", difference.is_small()}};
  }

  // Half of the cache for integers, so that they are found there, or so many that launches do not count.
  std::vector<int64_t> PartBytes() const {
    if (!options_.part_bytes.empty()) return options_.part_bytes;
    constexpr int64_t kLeastCache = int64_t{1} << 20;
    const int64_t cache = std::max(CacheBytes(), kLeastCache);
    return {cache / 2, 4 * cache};
  }

  absl::StatusOr<Best> FindBest(const SyntheticStates& states, DeviceTimer* timer) {
    Best best;
    for (const int64_t part_bytes : PartBytes()) {
      ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<GemmScan> scan,
                              GemmScan::Make(device_, bank_.get(), codes_.get(), &states, part_bytes));
      absl::StatusOr<std::vector<std::unique_ptr<Gemm>>> ways = library_->FindWays(scan->shape(), kMostWays);
      if (absl::IsUnimplemented(ways.status())) {
        best.why_not = std::string(ways.status().message());
        continue;
      }
      ENGRAM_RETURN_IF_ERROR(ways.status());
      int fastest = -1;
      for (size_t i = 0; i < ways->size(); ++i) {
        ENGRAM_ASSIGN_OR_RETURN(const double ms, Try(*scan, (*ways)[i].get(), timer, &best.why_not));
        ++best.tried;
        if (ms >= best.milliseconds) continue;
        best.milliseconds = ms;
        fastest = static_cast<int>(i);
      }
      if (fastest < 0) continue;
      best.scan = std::move(scan);
      best.ways = *std::move(ways);
      best.way = static_cast<size_t>(fastest);
    }
    return best;
  }

  // The shortest of a few scans in one way; infinity: the library cannot, and `why_not` says why.
  absl::StatusOr<double> Try(const GemmScan& scan, Gemm* way, DeviceTimer* timer, std::string* why_not) {
    const absl::Status warm_up = scan.Scan(way, 0, uppers_.as<float>(), workspace_->stream());
    ENGRAM_RETURN_IF_ERROR(workspace_->Wait());
    if (absl::IsUnimplemented(warm_up)) {
      *why_not = std::string(warm_up.message());
      return std::numeric_limits<double>::infinity();
    }
    ENGRAM_RETURN_IF_ERROR(warm_up);
    double shortest = std::numeric_limits<double>::infinity();
    for (int i = 0; i < kTrials; ++i) {
      ENGRAM_ASSIGN_OR_RETURN(const double ms, timer->Time(1, [&](int64_t) {
        Keep(scan.Scan(way, i, uppers_.as<float>(), workspace_->stream()));
        return cudaSuccess;
      }));
      shortest = std::min(shortest, ms);
    }
    ENGRAM_RETURN_IF_ERROR(failure_);
    return shortest;
  }

  // What the library refuses in the midst of a timing, which knows CUDA's errors alone, is told after it.
  void Keep(const absl::Status& status) {
    if (failure_.ok()) failure_ = status;
  }

  cudaError_t Fused(const SyntheticStates& states, int64_t i) {
    return states.LaunchScan(bank_->bank(i), device_->multiprocessors(), fused_uppers_.as<float>(),
                             workspace_->stream());
  }
  cudaError_t Unfused(const Best& best, int64_t i) {
    Keep(best.scan->Scan(best.ways[best.way].get(), i, uppers_.as<float>(), workspace_->stream()));
    return cudaSuccess;
  }

  // Over copy 0 once more; what was there before is overwritten, so that nothing can be taken for a bound.
  absl::StatusOr<Difference> CompareBounds(const SyntheticStates& states, const Best& best, int64_t count) {
    for (const DeviceArray* const bytes : {&uppers_, &fused_uppers_}) {
      const cudaError_t error = cudaMemsetAsync(bytes->as<void>(), bytes == &uppers_ ? 0xff : 0xfe,
                                                static_cast<size_t>(count * 4), workspace_->stream());
      ENGRAM_RETURN_IF_ERROR(device_->Check(error, "comparing bounds"));
    }
    ENGRAM_RETURN_IF_ERROR(device_->Check(Fused(states, 0), "comparing bounds"));
    (void)Unfused(best, 0);  // What fails is kept.
    ENGRAM_RETURN_IF_ERROR(failure_);
    ENGRAM_ASSIGN_OR_RETURN(absl::Span<const float> fetched,
                            workspace_->Fetch<float>(fused_uppers_.as<float>(), count));
    const std::vector<float> fused(fetched.begin(), fetched.end());
    ENGRAM_ASSIGN_OR_RETURN(fetched, workspace_->Fetch<float>(uppers_.as<float>(), count));
    return Compare(fused, fetched);
  }

  Device* const device_;
  GemmLibrary* const library_;
  const Shape shape_;
  const GpuOptions& options_;
  std::unique_ptr<SyntheticBank> bank_;
  std::unique_ptr<RowCodes> codes_;
  OwnWorkspace workspace_;
  DeviceArray uppers_;
  DeviceArray fused_uppers_;
  absl::Status failure_;
};

}  // namespace

absl::StatusOr<nlohmann::ordered_json> MeasureGemms(Device* device, GemmLibrary* library, Shape shape,
                                                    const GpuOptions& options) {
  std::string why = "no time left";
  if (!options.is_late()) {
    absl::StatusOr<Json> cells = GemmBench(device, library, shape, options).Run();
    if (!absl::IsResourceExhausted(cells.status())) return cells;
    why = std::string(cells.status().message());
  }
  Json cells = Json::array();
  for (const int64_t batch : options.batches) {
    cells.push_back({{"patterns", shape.patterns}, {"dim", shape.dim}, {"states", batch}, {"skipped", why}});
  }
  return cells;
}

}  // namespace engram::bench
