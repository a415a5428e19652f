#ifndef ENGRAM_CLIENT_CLI_SEPARATION_REPORT_H_
#define ENGRAM_CLIENT_CLI_SEPARATION_REPORT_H_

#include <string>

#include "client/cli/output.h"
#include "client/cli/table.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram::cli {

// What the report says of all patterns together, one property a line. `pattern_count` is the number of them.
Table SeparationTable(const v1::SeparationReport& report, int64_t pattern_count);

// How many patterns have which separation: a line and a bar for each bin.
Table SeparationHistogram(const v1::SeparationReport& report, const Screen& screen);

// The pairs that are most easily confused.
Table ConfusablePairs(const v1::SeparationReport& report);

// What to do about it, in sentences: "beta >= 12.5 retrieves 99 % of the patterns exactly".
std::string SuggestionsText(const v1::SeparationReport& report);

Json SeparationJson(const v1::SeparationReport& report, int64_t pattern_count);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_SEPARATION_REPORT_H_
