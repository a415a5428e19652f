#include "client/cli/store_request.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/exit_code.h"
#include "client/cli/file.h"
#include "client/cli/pattern_attributes.h"
#include "client/cli/wire_rows.h"

namespace engram::cli {
namespace {

// Checks that `flag` adds to what the pattern file has, which is `got` of the same.
absl::Status ValidateIsNew(absl::string_view flag, size_t got) {
  if (got == 0) return absl::OkStatus();
  return UsageError(absl::StrCat(flag, ": the pattern file has them already"));
}

absl::Status ValidateCount(absl::string_view flag, int64_t got, int64_t patterns) {
  if (got == patterns) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(flag, ": got ", got, ", there are ", patterns, " patterns"));
}

absl::Status ReadIds(const StoreSources& sources, const Context& context, PatternSet* set) {
  if (sources.ids.empty()) return absl::OkStatus();
  if (const absl::Status status = ValidateIsNew("--ids", set->ids.size()); !status.ok()) return status;
  const absl::StatusOr<std::string> contents = ReadFile(sources.ids, *context.in);
  if (!contents.ok()) return contents.status();
  absl::StatusOr<std::vector<uint64_t>> ids = ParseIds(*contents);
  if (!ids.ok()) return absl::Status(ids.status().code(), absl::StrCat("--ids: ", ids.status().message()));
  set->ids = *std::move(ids);
  return ValidateCount("--ids", static_cast<int64_t>(set->ids.size()), set->patterns.count());
}

absl::Status ReadPayloads(const StoreSources& sources, const Context& context, PatternSet* set) {
  if (sources.payloads.empty()) return absl::OkStatus();
  if (const absl::Status status = ValidateIsNew("--payloads", set->payloads.size()); !status.ok())
    return status;
  const absl::StatusOr<std::string> contents = ReadFile(sources.payloads, *context.in);
  if (!contents.ok()) return contents.status();
  set->payloads = ParsePayloads(*contents);
  return ValidateCount("--payloads", static_cast<int64_t>(set->payloads.size()), set->patterns.count());
}

absl::Status ReadValues(const StoreSources& sources, const Context& context, PatternSet* set) {
  if (sources.values.empty()) return absl::OkStatus();
  if (const absl::Status status = ValidateIsNew("--values", set->values.values.size()); !status.ok())
    return status;
  absl::StatusOr<PatternSet> values = ReadPatternSet({sources.values, ""}, context);
  if (!values.ok()) return values.status();
  set->values = std::move(values->patterns);
  return ValidateCount("--values", set->values.count(), set->patterns.count());
}

v1::StoreRequest ToRequest(const std::string& bank, PatternSet set) {
  v1::StoreRequest request;
  request.set_bank(bank);
  *request.mutable_patterns() = ToWire(set.patterns);
  if (set.values.count() > 0) *request.mutable_values() = ToWire(set.values);
  request.mutable_ids()->Assign(set.ids.begin(), set.ids.end());
  for (std::string& payload : set.payloads) *request.add_payloads() = std::move(payload);
  return request;
}

}  // namespace

absl::StatusOr<v1::StoreRequest> ReadStoreRequest(const std::string& bank, const StoreSources& sources,
                                                  const Context& context) {
  absl::StatusOr<PatternSet> set = ReadPatternSet(sources.patterns, context);
  if (!set.ok()) return set.status();
  for (auto* read : {ReadIds, ReadPayloads, ReadValues}) {
    if (const absl::Status status = read(sources, context, &*set); !status.ok()) return status;
  }
  return ToRequest(bank, *std::move(set));
}

}  // namespace engram::cli
