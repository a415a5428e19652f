#ifndef ENGRAM_CLIENT_CLI_PROGRESS_BAR_H_
#define ENGRAM_CLIENT_CLI_PROGRESS_BAR_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "client/cli/number_text.h"
#include "client/cli/screen.h"

namespace engram::cli {

// Writes a number of things: CountText, or BytesText.
using NumberWriter = std::string (*)(int64_t number);

// One line that says how far something is, how fast, and how long it will take:
//
//   storing [████████      ]  57%  34,000/60,000  11,200/s  ETA 3s
//
// `label` is its first word; `to_text` writes its numbers. REQUIRES: 0 <= done <= total, total > 0.
std::string ProgressLine(const std::string& label, int64_t done, int64_t total, absl::Duration elapsed,
                         int columns, NumberWriter to_text = CountText);

// Keeps a progress line up to date on a screen; does nothing unless the screen is a terminal.
class ProgressBar {
 public:
  // `screen` outlives this object. REQUIRES: total > 0.
  ProgressBar(const Screen& screen, std::string label, int64_t total, absl::Time start,
              NumberWriter to_text = CountText);
  // Wipes the line.
  ~ProgressBar();

  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  // There are so many in all now. REQUIRES: total > 0.
  void set_total(int64_t total) { total_ = total; }

  // Redraws, at most ten times a second.
  void Update(int64_t done, absl::Time now);

 private:
  const Screen& screen_;
  const std::string label_;
  int64_t total_;
  const absl::Time start_;
  const NumberWriter to_text_;
  absl::Time next_redraw_ = absl::InfinitePast();
  bool is_drawn_ = false;
};

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PROGRESS_BAR_H_
