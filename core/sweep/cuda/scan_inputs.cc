#include "core/sweep/cuda/scan_inputs.h"

#include <cmath>
#include <cstring>

#include "core/base/status_macros.h"
#include "core/codes/row_code.h"
#include "core/sweep/cuda/scan_kernels.h"

namespace engram {
namespace {

StateCodes CodesOf(const std::vector<const SweepState*>& states, int64_t dim, int plane_count) {
  std::vector<absl::Span<const double>> spans;
  spans.reserve(states.size());
  for (const SweepState* state : states) spans.push_back(state->state);
  return {spans, dim, plane_count};
}

// One plane of each state, packed for ScanManyStates.
std::vector<uint32_t> Pack(const StateCodes& codes, int64_t units) {
  std::vector<uint32_t> packed(PackedWords(codes.size(), units));
  for (int64_t b = 0; b < codes.size(); ++b) {
    const int8_t* const plane = codes.planes() + b * units * kUnitColumns;
    for (int64_t u = 0; u < units; ++u) {
      std::memcpy(&packed[PackedWord(b, u, units)], plane + u * kUnitColumns, sizeof(uint32_t));
    }
  }
  return packed;
}

}  // namespace

absl::StatusOr<ScanInputs> ScanInputs::Make(const ResidentTiles& tiles,
                                            const std::vector<const SweepState*>& states, int plane_count,
                                            Form form, Workspace* workspace) {
  const int64_t dim = tiles.bank().settings().dim;
  const int64_t units = UnitCount(dim);
  ScanInputs made(&tiles, CodesOf(states, dim, plane_count));
  const StateCodes& codes = made.codes_;
  std::vector<int64_t> versions;
  for (const SweepState* state : states) versions.push_back(state->version);
  ENGRAM_ASSIGN_OR_RETURN(made.visible_rows_, tiles.gpu()->visible_tiles()->GetAll(
                                                  tiles.bank(), tiles.tiles(), versions, workspace));
  made.segments_ = made.Add(absl::MakeConstSpan(tiles.segments()));
  made.scales_ = made.Add(absl::MakeConstSpan(codes.scales(), states.size()));
  made.errors_ = made.Add(absl::MakeConstSpan(codes.errors()));
  made.visible_ = made.Add(absl::MakeConstSpan(made.visible_rows_));
  if (form == Form::kPacked) {
    made.packed_planes_ = Pack(codes, units);
    made.planes_ = made.Add(absl::MakeConstSpan(made.packed_planes_));
  } else {
    const int64_t bytes = codes.size() * codes.plane_count() * units * kUnitColumns;
    made.planes_ = made.Add(absl::MakeConstSpan(codes.planes(), static_cast<size_t>(bytes)));
  }
  return made;
}

absl::Status ScanInputs::Send(Workspace* workspace) {
  ENGRAM_RETURN_IF_ERROR(inputs_.Send(workspace));
  return workspace->device()->Check(tiles_->gpu()->uploads()->LetWait(workspace->stream()),
                                    "waiting for uploads");
}

DeviceStates ScanInputs::states() const {
  DeviceStates states;
  states.planes = packed() == nullptr ? inputs_.at<uint32_t>(planes_) : nullptr;
  states.scales = inputs_.at<float>(scales_);
  states.errors = inputs_.at<EstimateError>(errors_);
  states.visible = inputs_.at<const uint16_t*>(visible_);
  states.count = static_cast<int32_t>(codes_.size());
  states.plane_count = codes_.plane_count();
  return states;
}

const uint32_t* ScanInputs::packed() const {
  return packed_planes_.empty() ? nullptr : inputs_.at<uint32_t>(planes_);
}

double ScanInputs::scale(int64_t b) const { return std::ldexp(1.0, codes_.exponent(b)); }

}  // namespace engram
