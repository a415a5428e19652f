#ifndef ENGRAM_CLIENT_CLI_PLOT_PALETTE_H_
#define ENGRAM_CLIENT_CLI_PLOT_PALETTE_H_

#include <cstddef>
#include <string>

namespace engram::cli {

// Colours that people with any colour vision tell apart (Okabe and Ito 2008), the most distinct first.
// There are seven; further indices begin again.
std::string SeriesColor(size_t index);

// A colour between blue, for 0, and orange, for 1, that shows on light and on dark. REQUIRES: 0 <= share
// <= 1.
std::string LevelColor(double share);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_PLOT_PALETTE_H_
