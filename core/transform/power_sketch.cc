#include "core/transform/power_sketch.h"

#include <algorithm>
#include <cassert>
#include <vector>

namespace engram {

PowerSketch::Block PowerSketch::BlockOf(int64_t begin, int64_t end) const {
  double drop = 0;
  for (int64_t i = begin; i < end; ++i) drop += scores_[begin] - scores_[i];
  return {begin, end, drop / static_cast<double>(end - begin)};
}

void PowerSketch::Cover(int64_t size) {
  for (;;) {
    const int64_t begin = blocks_.empty() ? 0 : blocks_.back().end;
    const int64_t end = begin + 1 + begin / sharpness_;
    if (end > size) return;
    blocks_.push_back(BlockOf(begin, end));
  }
}

PowerSketch::Bounds PowerSketch::SumAbove(int64_t size, double origin, double scale, const Power& power) {
  assert(0 < size && size <= static_cast<int64_t>(scores_.size()));
  Cover(size);
  std::vector<Block> blocks;
  for (size_t b = 0; b < blocks_.size() && blocks_[b].end <= size; ++b) blocks.push_back(blocks_[b]);
  const int64_t covered = blocks.empty() ? 0 : blocks.back().end;
  if (covered < size) blocks.push_back(BlockOf(covered, size));

  // Of each block its first height and its mean height; then 0, than which no height is lower.
  std::vector<double> heights;
  heights.reserve(2 * blocks.size() + 1);
  for (const Block& block : blocks) {
    const double lead = scores_[block.begin] - origin;
    heights.push_back(scale * lead);
    heights.push_back(scale * std::max(0.0, lead - block.mean_drop));
  }
  heights.push_back(0);
  std::vector<double> powers = heights;
  power.Raise(absl::MakeSpan(powers));

  // The heights of a block lie between its first and that of the next. A convex power of them sums to at
  // least its value at their mean, as often as there are heights, and to at most that of its chord there; a
  // concave one to the converse.
  double at_mean = 0;
  double on_chord = 0;
  for (size_t b = 0; b < blocks.size(); ++b) {
    const auto count = static_cast<double>(blocks[b].end - blocks[b].begin);
    const double* h = &heights[2 * b];
    const double* p = &powers[2 * b];
    const double share = h[0] > h[2] ? (h[1] - h[2]) / (h[0] - h[2]) : 1;
    at_mean += count * p[1];
    on_chord += count * (p[2] + share * (p[0] - p[2]));
  }
  return power.exponent() < 1 ? Bounds{on_chord, at_mean} : Bounds{at_mean, on_chord};
}

}  // namespace engram
