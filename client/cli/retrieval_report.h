#ifndef ENGRAM_CLIENT_CLI_RETRIEVAL_REPORT_H_
#define ENGRAM_CLIENT_CLI_RETRIEVAL_REPORT_H_

#include <string>

#include "client/cli/output.h"
#include "client/cli/rows.h"
#include "client/cli/table.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram::cli {

// Why a retrieval stopped, in words: "fixed point", "tolerance", "limit".
std::string StopReasonText(v1::StopReason reason);

// The same as a name that programs read: "fixed_point", "tolerance", "limit".
std::string StopReasonName(v1::StopReason reason);

// How each query was answered, one a line; with the certificates of those that are exact.
Table RetrievalTable(const v1::RetrieveResponse& response);

// The support of each query: ids and weights, with a bar, at most `entries` a query.
Table SupportTable(const v1::RetrieveResponse& response, int entries);

// REQUIRES: `states` has a row for each retrieval, `values` that or none.
Json RetrievalsJson(const v1::RetrieveResponse& response, const Rows& states, const Rows& values);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_RETRIEVAL_REPORT_H_
