#ifndef ENGRAM_CLIENT_CLI_CONFIRMATION_H_
#define ENGRAM_CLIENT_CLI_CONFIRMATION_H_

#include <string>

#include "absl/status/statusor.h"
#include "client/cli/context.h"

namespace engram::cli {

// Asks on the terminal whether to delete `what`, such as "bank 'digits' and its 7 patterns", which is of
// `kind`, "a bank". A usage error when there is no terminal.
absl::StatusOr<bool> ConfirmDeletion(const std::string& kind, const std::string& what,
                                     const Context& context);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_CONFIRMATION_H_
