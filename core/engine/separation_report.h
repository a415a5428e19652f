#ifndef ENGRAM_CORE_ENGINE_SEPARATION_REPORT_H_
#define ENGRAM_CORE_ENGINE_SEPARATION_REPORT_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "core/engine/call.h"
#include "core/transform/dynamics.h"

namespace engram {

// How well the patterns of a bank can be told apart; see engram.v1.SeparationReport.
struct SeparationReport {
  // A beta at which a share of the patterns, in (0, 1], is retrieved exactly.
  struct Suggestion {
    double share = 0;
    double beta = 0;  // The smallest that will do; 0: any does; +infinity: none does.
  };
  double required_separation = 0;  // margin / beta.
  int64_t exact_count = 0;         // Patterns with at least that.
  int64_t duplicate_count = 0;     // Patterns with Delta = 0 because the bank has a copy of them.
  int64_t dominated_count = 0;     // Patterns with Delta < 0.
  double min_separation = 0;
  double median_separation = 0;  // The lower median.
  double max_separation = 0;
  std::vector<double> histogram_edges;    // [bins + 1]; empty if no Delta is finite.
  std::vector<int64_t> histogram_counts;  // [bins]
  std::vector<PatternSeparation> pairs;   // By ascending separation, then id.
  std::vector<Suggestion> suggestions;    // For shares 0.5, 0.9, 0.99, 1.
};

// The report on `separations` of all patterns, at least one, for dynamics that retrieve single patterns, with
// a histogram of `bins` >= 1 bins and at most `max_pairs` pairs.
SeparationReport MakeSeparationReport(std::vector<PatternSeparation> separations, const Dynamics& dynamics,
                                      int bins, int64_t max_pairs);

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_SEPARATION_REPORT_H_
