#ifndef ENGRAM_CLIENT_CLI_SEPARATION_PLOT_H_
#define ENGRAM_CLIENT_CLI_SEPARATION_PLOT_H_

#include <cstdint>
#include <string>

#include "engram/v1/associative_memory.pb.h"
#include "engram/v1/dynamics.pb.h"

namespace engram::cli {

// A histogram of the separations in a bank of `pattern_count` patterns as an SVG document, with lines at
// what `dynamics` needs and at what the suggested betas need. REQUIRES: the report's histogram has one edge
// more than counts.
std::string DrawSeparation(const v1::SeparationReport& report, const std::string& bank, int64_t pattern_count,
                           const v1::Dynamics& dynamics, int width);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_SEPARATION_PLOT_H_
