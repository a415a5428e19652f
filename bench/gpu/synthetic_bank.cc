#include "bench/gpu/synthetic_bank.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <utility>

#include "bench/gpu/ceiling_kernels.h"
#include "bench/gpu/ceilings.h"
#include "core/base/euclidean_norm.h"
#include "core/base/status_macros.h"
#include "core/codes/row_code.h"
#include "core/codes/state_codes.h"
#include "core/sweep/cuda/scan_kernels.h"
#include "core/sweep/cuda/select_kernels.h"

namespace engram::bench {
namespace {

constexpr auto kFloatBytes = static_cast<int64_t>(sizeof(float));
constexpr auto kMaskBytes = static_cast<int64_t>(sizeof(uint16_t));
constexpr int64_t kAlignment = 256;
// Of a code that is spread evenly over [-127, 127].
constexpr double kCodeDeviation = 73.6;

int64_t Aligned(int64_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }
int64_t TileCount(Shape shape) { return shape.patterns / kTileRows; }
int64_t CopyBytes(Shape shape) { return Aligned(SyntheticBank::CodeBytes(shape) + kSpareCodeBytes); }

}  // namespace

int64_t SyntheticBank::CodeBytes(Shape shape) { return TileCount(shape) * TileBytes(shape.dim); }

int64_t SyntheticBank::CopiesFor(Shape shape) {
  constexpr int64_t kMost = 64;
  const int64_t bytes = CodeBytes(shape);
  return std::clamp<int64_t>((4 * CacheBytes() + bytes - 1) / bytes, 1, kMost);
}

int64_t SyntheticBank::ScannedBytes(Shape shape) {
  return CodeBytes(shape) + TileCount(shape) * (3 * kTileRows * kFloatBytes + kMaskBytes);
}

absl::StatusOr<std::unique_ptr<SyntheticBank>> SyntheticBank::Make(Device* device, Shape shape,
                                                                   int64_t copies, uint64_t seed) {
  std::unique_ptr<SyntheticBank> made(new SyntheticBank(device));
  const int64_t tiles = TileCount(shape);
  const int64_t rows = tiles * kTileRows;
  made->copy_bytes_ = CopyBytes(shape);
  const int64_t row_floats = Aligned(rows * kFloatBytes);
  const int64_t tile_floats = Aligned(tiles * kFloatBytes);
  const int64_t masks = Aligned(tiles * kMaskBytes);
  const int64_t headers = Aligned(copies * static_cast<int64_t>(sizeof(DeviceTiles)));
  ENGRAM_RETURN_IF_ERROR(
      made->memory_.Take(copies * made->copy_bytes_ + 3 * row_floats + 2 * tile_floats + masks + headers));
  ENGRAM_ASSIGN_OR_RETURN(const OwnWorkspace workspace, OwnWorkspace::Make(device));
  const cudaStream_t stream = workspace->stream();
  auto* next = made->memory_.as<unsigned char>();
  const auto take = [&](int64_t bytes) { return std::exchange(next, next + bytes); };

  auto* const codes = reinterpret_cast<int8_t*>(take(copies * made->copy_bytes_));
  made->codes_ = codes;
  cudaError_t error = LaunchFillCodes(codes, copies * made->copy_bytes_, static_cast<uint32_t>(seed), stream);
  const auto floats = [&](int64_t bytes, int64_t count, double least) {
    auto* const numbers = reinterpret_cast<float*>(take(bytes));
    if (error == cudaSuccess) {
      error =
          LaunchFillFloats(numbers, count, static_cast<float>(least), static_cast<uint32_t>(seed), stream);
    }
    return numbers;
  };
  DeviceTiles of_copy;
  const double scale = 1 / (kCodeDeviation * std::sqrt(static_cast<double>(shape.dim)));
  of_copy.scales = floats(row_floats, rows, scale);
  of_copy.residuals = floats(row_floats, rows, 4e-3);
  of_copy.norms = floats(row_floats, rows, 1);
  of_copy.tile_residuals = floats(tile_floats, tiles, 5e-3);
  of_copy.tile_norms = floats(tile_floats, tiles, 1.25);
  of_copy.end = tiles;
  auto* const visible = reinterpret_cast<uint16_t*>(take(masks));
  made->visible_ = visible;
  if (error == cudaSuccess) error = cudaMemsetAsync(visible, 0xff, static_cast<size_t>(masks), stream);

  auto* const segments = reinterpret_cast<DeviceTiles*>(take(headers));
  std::vector<DeviceTiles> of_copies;
  for (int64_t i = 0; i < copies; ++i) {
    of_copy.codes = codes + i * made->copy_bytes_;
    of_copies.push_back(of_copy);
    DeviceBank bank;
    bank.segments = segments + i;
    bank.segment_count = 1;
    bank.units = static_cast<int32_t>(UnitCount(shape.dim));
    bank.dim = shape.dim;
    bank.tile_count = tiles;
    made->banks_.push_back(bank);
  }
  if (error == cudaSuccess) {
    error = cudaMemcpyAsync(segments, of_copies.data(), of_copies.size() * sizeof(DeviceTiles),
                            cudaMemcpyHostToDevice, stream);
  }
  ENGRAM_RETURN_IF_ERROR(device->Check(error, "making codes"));
  ENGRAM_RETURN_IF_ERROR(workspace->Wait());
  return made;
}

absl::StatusOr<std::unique_ptr<SyntheticStates>> SyntheticStates::Make(Device* device, int64_t count,
                                                                       int64_t dim, const uint16_t* visible,
                                                                       uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> gaussian;
  std::vector<double> numbers(count * dim);
  std::vector<absl::Span<const double>> states;
  for (int64_t b = 0; b < count; ++b) {
    const auto state = absl::MakeSpan(numbers).subspan(b * dim, dim);
    for (double& x : state) x = gaussian(random);
    const double norm = EuclideanNorm(state);
    for (double& x : state) x /= norm;
    states.push_back(state);
  }
  const int64_t units = UnitCount(dim);
  const bool is_few = count <= kFewStates;
  const StateCodes codes(states, dim, is_few ? 2 : 1);
  const auto plane_bytes = static_cast<size_t>(count * codes.plane_count() * units * kUnitColumns);
  std::vector<uint32_t> words;
  if (is_few) {
    words.resize(plane_bytes / sizeof(uint32_t));
    std::memcpy(words.data(), codes.planes(), plane_bytes);
  } else {
    words.resize(PackedWords(count, units));
    for (int64_t b = 0; b < count; ++b) {
      for (int64_t u = 0; u < units; ++u) {
        std::memcpy(&words[PackedWord(b, u, units)], codes.planes() + (b * units + u) * kUnitColumns,
                    sizeof(uint32_t));
      }
    }
  }
  std::vector<EstimateError> errors;
  for (int64_t b = 0; b < count; ++b) errors.push_back(codes.error(b));
  const std::vector<const uint16_t*> all_visible(count, visible);

  ENGRAM_ASSIGN_OR_RETURN(OwnWorkspace workspace, OwnWorkspace::Make(device));
  std::unique_ptr<SyntheticStates> made(new SyntheticStates(std::move(workspace)));
  Inputs& inputs = made->inputs_;
  const Inputs::Handle in_words = inputs.Add(absl::MakeConstSpan(words));
  const Inputs::Handle in_scales = inputs.Add(absl::MakeConstSpan(codes.scales(), states.size()));
  const Inputs::Handle in_errors = inputs.Add(absl::MakeConstSpan(errors));
  const Inputs::Handle in_visible = inputs.Add(absl::MakeConstSpan(all_visible));
  ENGRAM_RETURN_IF_ERROR(inputs.Send(made->workspace_.get()));
  ENGRAM_RETURN_IF_ERROR(made->workspace_->Wait());
  made->states_.planes = is_few ? inputs.at<uint32_t>(in_words) : nullptr;
  made->packed_ = is_few ? nullptr : inputs.at<uint32_t>(in_words);
  made->states_.scales = inputs.at<float>(in_scales);
  made->states_.errors = inputs.at<EstimateError>(in_errors);
  made->states_.visible = inputs.at<const uint16_t*>(in_visible);
  made->states_.count = static_cast<int32_t>(count);
  made->states_.plane_count = codes.plane_count();
  return made;
}

cudaError_t SyntheticStates::LaunchScan(const DeviceBank& bank, int multiprocessors, float* uppers,
                                        cudaStream_t stream) const {
  return packed_ == nullptr ? ScanFewStates(bank, states_, multiprocessors, uppers, stream)
                            : ScanManyStates(bank, states_, packed_, uppers, stream);
}

cudaError_t SyntheticStates::LaunchLowers(const DeviceBank& bank, const float* uppers, int64_t chunks,
                                          float* lowers, cudaStream_t stream) const {
  return FindBestLowers(bank, uppers, states_.errors, states_.count, static_cast<int32_t>(chunks), lowers,
                        stream);
}

}  // namespace engram::bench
