#include "core/bank/bank_errors.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "core/base/error.h"

namespace engram {
namespace {

constexpr absl::Duration kLoadingRetryDelay = absl::Seconds(1);

}  // namespace

absl::Status PatternNotFound(const std::string& bank, uint64_t id) {
  ErrorDetails details;
  details.reason = "PATTERN_NOT_FOUND";
  details.field = "ids";
  details.metadata = {{"bank", bank}, {"id", absl::StrCat(id)}};
  return MakeError(absl::StatusCode::kNotFound, details,
                   absl::StrCat("ids: bank '", bank, "' has no pattern with id ", id));
}

absl::Status BankNotFound(const std::string& bank) {
  ErrorDetails details;
  details.reason = "BANK_NOT_FOUND";
  details.metadata = {{"bank", bank}};
  return MakeError(absl::StatusCode::kNotFound, details, absl::StrCat("no bank is named '", bank, "'"));
}

absl::Status BankNotInSnapshot(const std::string& bank) {
  ErrorDetails details;
  details.reason = "BANK_NOT_FOUND";
  details.metadata = {{"bank", bank}};
  return MakeError(absl::StatusCode::kNotFound, details,
                   absl::StrCat("the snapshot has no bank named '", bank, "'"));
}

absl::Status BankWasDeleted(const std::string& bank) {
  ErrorDetails details;
  details.reason = "BANK_NOT_FOUND";
  details.metadata = {{"bank", bank}};
  return MakeError(absl::StatusCode::kNotFound, details, absl::StrCat("bank '", bank, "' was deleted"));
}

absl::Status BankExists(const std::string& bank) {
  ErrorDetails details;
  details.reason = "BANK_EXISTS";
  details.field = "name";
  details.metadata = {{"bank", bank}};
  return MakeError(absl::StatusCode::kAlreadyExists, details, absl::StrCat("name: bank '", bank, "' exists"));
}

absl::Status TooManyBanks(int64_t max_banks) {
  ErrorDetails details;
  details.reason = "TOO_MANY_BANKS";
  details.metadata = {{"limit", absl::StrCat(max_banks)}};
  return MakeError(
      absl::StatusCode::kResourceExhausted, details,
      absl::StrCat("the server holds ", max_banks, " banks, its limit; delete one or raise --max-banks"));
}

absl::Status BankFull(const BankSettings& settings, int64_t pattern_count, int64_t more) {
  const int64_t asked = pattern_count + more;
  ErrorDetails details;
  details.reason = "BANK_LIMIT";
  details.field = "patterns.rows";
  details.metadata = {{"asked", absl::StrCat(asked)},
                      {"free", absl::StrCat(settings.max_patterns - pattern_count)},
                      {"limit", absl::StrCat(settings.max_patterns)}};
  return MakeError(absl::StatusCode::kResourceExhausted, details,
                   absl::StrCat("patterns.rows: bank '", settings.name, "' would have ", asked,
                                " patterns, its limit is ", settings.max_patterns));
}

absl::Status LimitBelowCount(const BankSettings& asked, int64_t pattern_count) {
  ErrorDetails details;
  details.reason = "BANK_LIMIT_TOO_LOW";
  details.field = "limits.max_patterns";
  details.metadata = {{"asked", absl::StrCat(asked.max_patterns)},
                      {"allowed", absl::StrCat(pattern_count, " or more")}};
  return MakeError(absl::StatusCode::kFailedPrecondition, details,
                   absl::StrCat("limits.max_patterns: asked ", asked.max_patterns, ", bank '", asked.name,
                                "' has ", pattern_count, " patterns; delete some first"));
}

absl::Status IdsUsedUp(const std::string& bank, uint64_t left, int64_t asked) {
  ErrorDetails details;
  details.reason = "IDS_USED_UP";
  details.field = "ids";
  return MakeError(absl::StatusCode::kResourceExhausted, details,
                   absl::StrCat("ids: the server can assign ", left, " more ids to bank '", bank, "', asked ",
                                asked, "; give ids"));
}

absl::Status BankLoading(const std::string& bank, int64_t loaded, int64_t total) {
  ErrorDetails details;
  details.reason = "BANK_LOADING";
  details.metadata = {{"bank", bank}, {"loaded", absl::StrCat(loaded)}, {"total", absl::StrCat(total)}};
  details.retry_delay = kLoadingRetryDelay;
  return MakeError(absl::StatusCode::kUnavailable, details,
                   absl::StrCat("bank '", bank, "' is being loaded: ", loaded, " of ", total,
                                " patterns so far; retry later"));
}

absl::Status BankDamaged(const std::string& bank, const std::string& how) {
  ErrorDetails details;
  details.reason = "BANK_DAMAGED";
  details.metadata = {{"bank", bank}};
  return MakeError(
      absl::StatusCode::kDataLoss, details,
      absl::StrCat("bank '", bank, "' is damaged: ", how, "; restore it from a backup, or delete it"));
}

absl::Status BankNotLoaded(const std::string& bank, const absl::Status& cause) {
  std::optional<ErrorDetails> details = FindErrorDetails(cause);
  if (cause.code() == absl::StatusCode::kDataLoss) {
    const bool says_so = details.has_value() && details->reason == "BANK_DAMAGED";
    return says_so ? cause : BankDamaged(bank, std::string(cause.message()));
  }
  if (!details.has_value()) {
    details.emplace();
    details->reason = "BANK_NOT_LOADED";
  }
  details->metadata.emplace_back("bank", bank);
  std::string message = absl::StrCat("bank '", bank, "' could not be loaded: ", cause.message());
  // Whose text ends with what to free or to raise; but nobody loads the bank again before a restart.
  if (details->reason == "MEMORY_BUDGET") absl::StrAppend(&message, ", then restart the server");
  return MakeError(cause.code(), *details, message);
}

}  // namespace engram
