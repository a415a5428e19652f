#ifndef ENGRAM_CLIENT_CLI_ENERGY_REPORT_H_
#define ENGRAM_CLIENT_CLI_ENERGY_REPORT_H_

#include <vector>

#include "client/cli/output.h"
#include "client/cli/table.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram::cli {

// Energies, one state a line.
Table EnergyTable(const v1::EnergyResponse& response);

Json EnergiesJson(const v1::EnergyResponse& response);

// The energies alone [B].
std::vector<double> TotalEnergies(const v1::EnergyResponse& response);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_ENERGY_REPORT_H_
