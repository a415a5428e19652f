#include "client/cli/progress_bar.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/table.h"

namespace engram::cli {
namespace {

constexpr absl::Duration kRedrawInterval = absl::Milliseconds(100);
constexpr int kWidestBar = 40;
constexpr int kNarrowestBar = 8;
constexpr char kWipeLine[] = "\r\x1b[K";

std::string Bar(double share, int width) {
  const auto filled = static_cast<int>(share * width);
  std::string bar = "[";
  for (int i = 0; i < width; ++i) bar += i < filled ? "█" : " ";
  return bar + "] ";
}

}  // namespace

std::string ProgressLine(const std::string& label, int64_t done, int64_t total, absl::Duration elapsed,
                         int columns, NumberWriter to_text) {
  const double share = static_cast<double>(done) / static_cast<double>(total);
  std::string numbers =
      absl::StrFormat("%3.0f%%  %s/%s", std::floor(100 * share), to_text(done), to_text(total));
  const double seconds = absl::ToDoubleSeconds(elapsed);
  if (done > 0 && seconds > 0) {
    const double rate = static_cast<double>(done) / seconds;
    const absl::Duration left = absl::Seconds(std::ceil(static_cast<double>(total - done) / rate));
    absl::StrAppend(&numbers, "  ", to_text(std::llround(rate)), "/s  ETA ", absl::FormatDuration(left));
  }
  // One column stays free: writing the last one wraps the line on some terminals.
  const int room = columns - 1 - DisplayWidth(label) - 1 - DisplayWidth(numbers) - DisplayWidth("[] ");
  const std::string bar = room < kNarrowestBar ? "" : Bar(share, std::min(room, kWidestBar));
  return std::string(FirstCharacters(absl::StrCat(label, " ", bar, numbers), std::max(columns - 1, 0)));
}

ProgressBar::ProgressBar(const Screen& screen, std::string label, int64_t total, absl::Time start,
                         NumberWriter to_text)
    : screen_(screen), label_(std::move(label)), total_(total), start_(start), to_text_(to_text) {}

ProgressBar::~ProgressBar() {
  if (is_drawn_) *screen_.stream << kWipeLine << std::flush;
}

void ProgressBar::Update(int64_t done, absl::Time now) {
  if (!screen_.is_terminal || now < next_redraw_) return;
  next_redraw_ = now + kRedrawInterval;
  is_drawn_ = true;
  *screen_.stream << kWipeLine << ProgressLine(label_, done, total_, now - start_, screen_.columns, to_text_)
                  << std::flush;
}

}  // namespace engram::cli
