#ifndef ENGRAM_CLIENT_CLI_STORE_REQUEST_H_
#define ENGRAM_CLIENT_CLI_STORE_REQUEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "client/cli/pattern_source.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram::cli {

// What `engram store` reads: the patterns, and files with one line or row for each of them; empty
// where not given.
struct StoreSources {
  PatternSource patterns;
  std::string ids;
  std::string values;
  std::string payloads;
};

// Reads all sources into one request to store in `bank`.
//
// INVALID_ARGUMENT: a source is malformed, their counts differ, or one says again what the pattern
// file says.
absl::StatusOr<v1::StoreRequest> ReadStoreRequest(const std::string& bank, const StoreSources& sources,
                                                  const Context& context);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_STORE_REQUEST_H_
