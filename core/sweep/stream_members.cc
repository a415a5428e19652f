#include "core/sweep/stream_members.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "core/base/ordered_bits.h"

namespace engram {
namespace {

// Rows that are compared with a threshold before one of them is looked at: few reach it.
constexpr int64_t kBlock = 256;
// Members that may gather beyond those that are wanted before the last of them go.
constexpr int64_t kSlack = 1024;

// The least score with weight. Rounding never turns around an order, so that whatever is larger has weight,
// too, and scores can be compared as they are.
float LeastInWindow(const StreamState& state, const StreamedSoftmax& update) {
  const auto is_in_window = [&](float score) {
    return state.beta * update.scale * (static_cast<double>(score) - static_cast<double>(update.largest)) >
           -state.window;
  };
  if (!is_in_window(update.largest)) return std::numeric_limits<float>::infinity();
  uint32_t outside = OrderedBits(StreamedSoftmax::kInvisible);
  uint32_t inside = OrderedBits(update.largest);
  while (inside - outside > 1) {
    const uint32_t middle = outside + (inside - outside) / 2;
    (is_in_window(FromOrderedBits(middle)) ? inside : outside) = middle;
  }
  return FromOrderedBits(inside);
}

int64_t CountFrom(const float* scores, int64_t count, float least) {
  int32_t found = 0;
  for (int64_t i = 0; i < count; ++i) found += static_cast<int32_t>(scores[i] >= least);
  return found;
}

// The first `most` rows by descending score, then ascending id, of those that are offered.
class FirstRows {
 public:
  FirstRows(const BankSnapshot& bank, int64_t most, float least) : bank_(bank), most_(most), least_(least) {}

  // Rows with a lower score are not among the first.
  float least() const { return least_; }
  void Offer(float score, RowRef row) {
    rows_.push_back({score, row});
    if (static_cast<int64_t>(rows_.size()) - kSlack > most_) Trim();
  }
  std::vector<StreamMember> Take() {
    if (static_cast<int64_t>(rows_.size()) > most_) Trim();
    return std::move(rows_);
  }

 private:
  // REQUIRES: there are more than `most_`, which is not 0.
  void Trim() {
    const auto last = rows_.begin() + (most_ - 1);
    std::nth_element(rows_.begin(), last, rows_.end(), [&](const StreamMember& a, const StreamMember& b) {
      return a.score != b.score ? a.score > b.score : bank_.id(a.row) < bank_.id(b.row);
    });
    least_ = last->score;
    rows_.resize(most_);
  }

  const BankSnapshot& bank_;
  const int64_t most_;
  float least_;
  std::vector<StreamMember> rows_;
};

}  // namespace

void FindStreamMembers(const BankSnapshot& bank, absl::Span<const std::vector<float>> scores,
                       const StreamState& state, StreamedSoftmax* update) {
  const float least = LeastInWindow(state, *update);
  FirstRows first(bank, state.most_members, least);
  update->support_size = 0;
  for (size_t s = 0; s < scores.size(); ++s) {
    const auto rows = static_cast<int64_t>(scores[s].size());
    for (int64_t begin = 0; begin < rows; begin += kBlock) {
      const float* const block = scores[s].data() + begin;
      const int64_t count = std::min(kBlock, rows - begin);
      const int64_t members = CountFrom(block, count, least);
      update->support_size += members;
      if (members == 0 || state.most_members == 0) continue;
      if (first.least() > least && CountFrom(block, count, first.least()) == 0) continue;
      for (int64_t i = 0; i < count; ++i) {
        if (block[i] < first.least()) continue;
        first.Offer(block[i], {static_cast<int32_t>(s), static_cast<int32_t>(begin + i)});
      }
    }
  }
  update->members = first.Take();
}

}  // namespace engram
