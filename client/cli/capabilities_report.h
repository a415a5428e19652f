#ifndef ENGRAM_CLIENT_CLI_CAPABILITIES_REPORT_H_
#define ENGRAM_CLIENT_CLI_CAPABILITIES_REPORT_H_

#include "client/cli/output.h"
#include "client/cli/table.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram::cli {

// What a server can do, one property a line.
Table CapabilitiesTable(const v1::GetCapabilitiesResponse& response);

Json CapabilitiesJson(const v1::GetCapabilitiesResponse& response);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_CAPABILITIES_REPORT_H_
