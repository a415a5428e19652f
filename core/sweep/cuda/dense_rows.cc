#include "core/sweep/cuda/dense_rows.h"

#include <algorithm>
#include <utility>

#include "core/base/canonical.h"
#include "core/base/status_macros.h"
#include "core/codes/row_code.h"
#include "core/sweep/cuda/device_segment.h"
#include "core/sweep/cuda/select_kernels.h"
#include "core/sweep/cuda/workspaces.h"
#include "core/sweep/row_scorer.h"

namespace engram {
namespace {

// Tiles whose scores cross the bus at a time.
constexpr int64_t kBlockTiles = (int64_t{1} << 18) / kTileRows;

constexpr char kDoing[] = "scoring all rows";

// Up to kDotStates states, and where their rows go.
struct DenseGroup {
  std::vector<const SweepState*> states;
  std::vector<SurvivorList*> survivors;
};

// A device scores its rows, a block after the other.
class DensePart {
 public:
  // All must outlive this.
  DensePart(const ResidentTiles& tiles, Workspace* workspace, const DenseGroup& group)
      : tiles_(tiles),
        workspace_(workspace),
        group_(group),
        blocks_(tiles.tiles().Ranges(0, tiles.tiles().tile_count(), kBlockTiles)) {}

  bool is_done() const { return next_ == blocks_.size(); }
  // Launches the first block.
  absl::Status Begin();
  // Waits for a block, and launches the next while the host takes the rows. REQUIRES: begun, not done.
  absl::Status Advance();

 private:
  static int64_t BeginOf(const TileRange& block) { return block.first * kTileRows; }
  static int64_t EndOf(const TileRange& block) { return (block.first + block.count) * kTileRows; }
  int64_t count() const { return static_cast<int64_t>(group_.states.size()); }

  absl::Status LaunchNext();
  void Take(const TileRange& block, absl::Span<const double> scores);

  const ResidentTiles& tiles_;
  Workspace* const workspace_;
  const DenseGroup& group_;
  const std::vector<TileRange> blocks_;
  size_t next_ = 0;  // The block that is waited for next.
  Inputs inputs_;
  Inputs::Handle in_states_ = 0;
  DeviceBytes scores_;  // Of the block that was launched last.
};

absl::Status DensePart::Begin() {
  tiles_.gpu()->device()->Use();
  std::vector<double> states;
  for (const SweepState* state : group_.states) {
    states.insert(states.end(), state->state.begin(), state->state.end());
  }
  in_states_ = inputs_.Add(absl::MakeConstSpan(states));
  ENGRAM_RETURN_IF_ERROR(inputs_.Send(workspace_));
  ENGRAM_RETURN_IF_ERROR(
      workspace_->device()->Check(tiles_.gpu()->uploads()->LetWait(workspace_->stream()), kDoing));
  return LaunchNext();
}

absl::Status DensePart::LaunchNext() {
  const TileRange& block = blocks_[next_];
  const BankSnapshot& bank = tiles_.bank();
  const int64_t score_count = count() * block.count * kTileRows;
  ENGRAM_ASSIGN_OR_RETURN(scores_, workspace_->Take(score_count * static_cast<int64_t>(sizeof(double))));
  return workspace_->device()->Check(
      ScoreRows(DeviceSegment::Of(bank.segment(block.segment))->patterns(), bank.settings().dim,
                BeginOf(block), EndOf(block), inputs_.at<double>(in_states_), static_cast<int32_t>(count()),
                scores_.as<double>(), workspace_->stream()),
      kDoing);
}

absl::Status DensePart::Advance() {
  workspace_->device()->Use();
  const TileRange& block = blocks_[next_++];
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const double> scores,
                          workspace_->Fetch(scores_.as<const double>(), count() * block.count * kTileRows));
  if (!is_done()) ENGRAM_RETURN_IF_ERROR(LaunchNext());
  Take(block, scores);
  return absl::OkStatus();
}

void DensePart::Take(const TileRange& block, absl::Span<const double> scores) {
  const Segment& segment = tiles_.bank().segment(block.segment);
  const int64_t rows = block.count * kTileRows;
  for (int64_t k = 0; k < count(); ++k) {
    for (int64_t i = 0; i < rows; ++i) {
      const int64_t row = BeginOf(block) + i;
      if (!segment.VisibleAt(row, group_.states[k]->version)) continue;
      group_.survivors[k]->push_back(
          {scores[k * rows + i], segment.id(row), {block.segment, static_cast<int32_t>(row)}});
    }
  }
}

absl::Status ScoreTiles(const ResidentBank& bank, const Workspaces& workspaces, const DenseGroup& group) {
  std::vector<DensePart> parts;
  parts.reserve(bank.parts().size());
  for (size_t p = 0; p < bank.parts().size(); ++p) {
    parts.emplace_back(bank.parts()[p], workspaces[p], group);
    ENGRAM_RETURN_IF_ERROR(parts.back().Begin());
  }
  for (bool is_done = false; !is_done;) {
    is_done = true;
    for (DensePart& part : parts) {
      if (part.is_done()) continue;
      ENGRAM_RETURN_IF_ERROR(part.Advance());
      is_done = false;
    }
  }
  return absl::OkStatus();
}

void ScoreLooseRows(const ResidentBank& bank, const DenseGroup& group) {
  const RowScorer scorer(&bank.snapshot(), &BestCanonicalArithmetic());
  for (size_t k = 0; k < group.states.size(); ++k) {
    const SweepState& state = *group.states[k];
    for (const RowRef row : bank.loose_rows()) {
      if (!bank.snapshot().segment(row.segment).VisibleAt(row.index, state.version)) continue;
      group.survivors[k]->push_back(scorer.Score(state.state, row));
    }
  }
}

}  // namespace

absl::Status ScoreAllRowsOnDevices(const ResidentBank& bank, absl::Span<const SweepState> all_states,
                                   const std::vector<size_t>& dense, absl::Span<SweepResult> results) {
  ENGRAM_ASSIGN_OR_RETURN(const Workspaces workspaces, Workspaces::Take(bank, Workspace::Kind::kScan));
  for (size_t begin = 0; begin < dense.size(); begin += kDotStates) {
    DenseGroup group;
    for (const size_t b : absl::MakeConstSpan(dense).subspan(begin, kDotStates)) {
      results[b].survivors.clear();
      results[b].near_misses = nullptr;
      group.states.push_back(&all_states[b]);
      group.survivors.push_back(&results[b].survivors);
    }
    ENGRAM_RETURN_IF_ERROR(ScoreTiles(bank, workspaces, group));
    ScoreLooseRows(bank, group);
  }
  return absl::OkStatus();
}

}  // namespace engram
