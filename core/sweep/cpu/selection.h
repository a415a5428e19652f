#ifndef ENGRAM_CORE_SWEEP_CPU_SELECTION_H_
#define ENGRAM_CORE_SWEEP_CPU_SELECTION_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/types/span.h"
#include "core/base/thread_pool.h"
#include "core/sweep/cpu/screen.h"
#include "core/sweep/row_scorer.h"
#include "core/sweep/screening_limits.h"
#include "core/sweep/sweeper.h"
#include "core/sweep/tile_sequence.h"

namespace engram {

// Finds the survivors of one state from bounds of whole tiles. Tiles above the cut are opened, the best
// first, and their rows bounded one by one; rows above the cut are scored, the best first. Whatever is learnt
// on the way sharpens the cut.
class Selection {
 public:
  // A tile that may have survivors, and the upper bound of its scores, scaled by 1 / scale().
  struct OpenTile {
    float upper = 0;
    int64_t number = 0;
  };

  // All must outlive this. `screen` is one of `state` alone. `pool` may be null: the caller's thread does
  // everything.
  Selection(const RowScorer& scorer, const TileSequence& tiles, const SweepState& state,
            std::shared_ptr<const Screen> screen, ThreadPool* pool);

  // A power of two that brings the state's scores to a range for float32.
  double scale() const { return screen_->scale(0); }
  // No row with a lower score was made a survivor, and none with a higher one left out, once Collect
  // returned.
  double cut() const { return cut_; }
  // Scaled, rounded down: tiles with a lower bound have no survivor.
  float scaled_cut() const { return ScaledCut(cut_, scale()); }

  // Takes into the cut the scores of `rows` for this state. They become no survivors by that.
  void Learn(absl::Span<const Survivor> rows);
  // Takes into the cut what follows from the upper bounds [T] of all tiles, whose estimates had `error`, and
  // returns the tiles above it.
  std::vector<OpenTile> LearnFromTiles(absl::Span<const float> uppers, const EstimateError& error);

  // The survivors, where `open` has every tile with an upper bound at or above the cut. False: too many rows
  // reach the cut, or more than `most_tiles` would have to be opened; something else is cheaper.
  bool Collect(std::vector<OpenTile> open, int64_t most_tiles, SurvivorList* survivors);

 private:
  struct Candidate {
    double upper = 0;
    RowRef row;
  };
  // Bounds of the rows of an open tile, scaled; -infinity for those that are not visible.
  struct RowBounds {
    TileRange tile;
    float lowers[kTileRows];
    float uppers[kTileRows];
  };

  // Lower bounds of a row in each tile [T].
  std::vector<float> LowerBounds(absl::Span<const float> uppers, const EstimateError& error) const;
  std::vector<OpenTile> TilesAbove(absl::Span<const float> uppers) const;
  // Raises the cut to what follows from `bounds` on different rows, in any order.
  void Sharpen(std::vector<double> bounds);
  // Opens the tiles above the cut; the rows in them that reach it become candidates. False: too many.
  bool OpenTiles(std::vector<OpenTile> open, int64_t most_tiles);
  void BoundRows(RowBounds* bounds) const;
  void TakeRows(const RowBounds& bounds);
  // Scores the candidates that reach the cut.
  void ScoreCandidates();
  // body(i) for i in [0, count), on several threads if it pays.
  template <typename Body>
  void ForEach(int64_t count, int64_t least_for_threads, const Body& body) const;

  const RowScorer scorer_;
  const TileSequence& tiles_;
  const SweepState& state_;
  ThreadPool* const pool_;
  const std::shared_ptr<const Screen> screen_;
  double cut_;
  SurvivorList scored_;         // At first the loose rows.
  std::vector<double> lowers_;  // Bounds of different rows that the cut may follow from.
  std::vector<Candidate> candidates_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CPU_SELECTION_H_
