#include "client/cli/exit_code.h"

#include <vector>

#include "absl/strings/cord.h"
#include "absl/strings/str_format.h"

namespace engram::cli {
namespace {

constexpr absl::string_view kUsagePayload = "engram.cli/usage";
constexpr int kOtherExitCode = 1;

struct ExitCode {
  int code;
  const char* meaning;
  std::vector<absl::StatusCode> statuses;
};

const std::vector<ExitCode>& ExitCodes() {
  using Code = absl::StatusCode;
  static const auto& codes = *new std::vector<ExitCode>{
      {0, "success", {Code::kOk}},
      {kOtherExitCode, "any other failure", {}},
      {kUsageExitCode, "wrong command line: see --help", {}},
      {3, "invalid argument: fix the request or the file", {Code::kInvalidArgument, Code::kOutOfRange}},
      {4, "not found: no such bank, pattern or file", {Code::kNotFound}},
      {5, "already exists: choose another name", {Code::kAlreadyExists}},
      {6, "failed precondition: such as an empty bank", {Code::kFailedPrecondition, Code::kAborted}},
      {7, "resource exhausted: a limit or the memory budget", {Code::kResourceExhausted}},
      {8, "unavailable: the server cannot be reached; retry", {Code::kUnavailable}},
      {9, "the --timeout passed, or the call was cancelled", {Code::kDeadlineExceeded, Code::kCancelled}},
      {10, "unimplemented: this server cannot do it yet", {Code::kUnimplemented}},
      {11, "internal error or data loss: report it", {Code::kInternal, Code::kDataLoss}},
  };
  return codes;
}

}  // namespace

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsagePayload, absl::Cord());
  return status;
}

bool IsUsageError(const absl::Status& status) { return status.GetPayload(kUsagePayload).has_value(); }

int ToExitCode(const absl::Status& status) {
  if (IsUsageError(status)) return kUsageExitCode;
  for (const ExitCode& exit_code : ExitCodes()) {
    for (absl::StatusCode code : exit_code.statuses) {
      if (code == status.code()) return exit_code.code;
    }
  }
  return kOtherExitCode;
}

std::string ExitCodeHelp() {
  std::string help = "Exit codes:\n";
  for (const ExitCode& exit_code : ExitCodes()) {
    absl::StrAppendFormat(&help, "  %2d  %s\n", exit_code.code, exit_code.meaning);
  }
  return help;
}

}  // namespace engram::cli
