#ifndef ENGRAM_CLIENT_CLI_OUTPUT_H_
#define ENGRAM_CLIENT_CLI_OUTPUT_H_

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/context.h"

namespace engram::cli {

// JSON whose keys keep the order in which they were set.
using Json = nlohmann::ordered_json;

// The values of --output: table, json, npy, csv.
std::vector<std::string> OutputNames();

// REQUIRES: `name` is one of OutputNames().
Output ToOutput(const std::string& name);

// A usage error unless the chosen output is one of `allowed`, or when .npy would go to a terminal.
absl::Status ValidateOutput(const Context& context, const std::vector<Output>& allowed);

// A number, or, because JSON has no infinity, one of the strings "inf", "-inf" and "nan".
Json NumberJson(double value);

// Writes `json` in one line to standard output.
void PrintJson(const Json& json, const Context& context);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_OUTPUT_H_
