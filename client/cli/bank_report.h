#ifndef ENGRAM_CLIENT_CLI_BANK_REPORT_H_
#define ENGRAM_CLIENT_CLI_BANK_REPORT_H_

#include <string>
#include <vector>

#include "client/cli/output.h"
#include "client/cli/table.h"
#include "engram/v1/bank.pb.h"

namespace engram::cli {

// The name of a durability, as in --durability; "server default" when unspecified.
std::string DurabilityText(v1::Durability durability);

// The name of a screening, as in --screening; "unknown" when unspecified.
std::string ScreeningText(v1::Screening screening);

// Banks, one a line.
Table BankTable(const std::vector<v1::Bank>& banks);

// All about one bank, one property a line.
Table BankDetails(const v1::Bank& bank);

Json BankJson(const v1::Bank& bank);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_BANK_REPORT_H_
