#include "client/cli/confirmation.h"

#include "absl/strings/str_cat.h"
#include "client/cli/exit_code.h"

namespace engram::cli {

absl::StatusOr<bool> ConfirmDeletion(const std::string& kind, const std::string& what,
                                     const Context& context) {
  if (!context.in_is_terminal) {
    return UsageError(absl::StrCat("deleting ", kind, " needs --yes when standard input is not a terminal"));
  }
  *context.err.stream << "Delete " << what << "? [y/N] " << std::flush;
  std::string answer;
  std::getline(*context.in, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace engram::cli
