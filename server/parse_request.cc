#include "server/parse_request.h"

#include <google/protobuf/util/field_mask_util.h>

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/bank/memory_bank.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/parse_dynamics.h"
#include "server/scan_cursor.h"

namespace engram {
namespace {

absl::StatusOr<int64_t> ParseDim(int64_t dim, const std::string& field, int64_t least) {
  if (dim >= least && dim <= Limits::kMaxDim) return dim;
  return InvalidField(field, absl::StrCat(dim), absl::StrCat(least, " to ", Limits::kMaxDim));
}

absl::Status NoDataDirectory(const std::string& asked) {
  ErrorDetails details;
  details.reason = "NO_DATA_DIRECTORY";
  details.field = "durability";
  return MakeError(
      absl::StatusCode::kFailedPrecondition, details,
      absl::StrCat("durability: got ", asked,
                   ", this server keeps nothing on disk; start engramd with --data-dir, or ask for ",
                   v1::Durability_Name(v1::DURABILITY_VOLATILE)));
}

absl::StatusOr<Durability> ParseDurability(v1::Durability wire, Durability strongest) {
  Durability asked = strongest;
  switch (wire) {
    case v1::DURABILITY_UNSPECIFIED:
      return strongest;
    case v1::DURABILITY_VOLATILE:
      asked = Durability::kVolatile;
      break;
    case v1::DURABILITY_RELAXED:
      asked = Durability::kRelaxed;
      break;
    case v1::DURABILITY_SYNCED:
      asked = Durability::kSynced;
      break;
    default:
      return InvalidField("durability", absl::StrCat(static_cast<int>(wire)),
                          "a value of engram.v1.Durability");
  }
  if (asked > strongest) return NoDataDirectory(v1::Durability_Name(wire));
  return asked;
}

absl::StatusOr<Screening> ParseScreening(v1::Screening wire) {
  switch (wire) {
    case v1::SCREENING_UNSPECIFIED:
    case v1::SCREENING_INT8:
      return Screening::kInt8;
    case v1::SCREENING_NONE:
      return Screening::kNone;
    default:
      return InvalidField("screening", absl::StrCat(static_cast<int>(wire)),
                          "a value of engram.v1.Screening");
  }
}

Columns DimOf(const BankSettings& bank) { return {bank.dim, "dim", bank.name}; }

Columns ValueDimOf(const BankSettings& bank) { return {bank.value_dim, "value_dim", bank.name}; }

absl::Status CheckRows(const ParsedMatrix& matrix, const std::string& field, int64_t queries) {
  if (matrix.rows == queries) return absl::OkStatus();
  return InvalidField(absl::StrCat(field, ".rows"), absl::StrCat(matrix.rows),
                      absl::StrCat(queries, ", the number of queries"));
}

// The dynamics of a bank, which go with whatever patterns it will have.
absl::StatusOr<Dynamics> ParseDefaultDynamics(const v1::Dynamics& wire, const Dynamics& defaults) {
  ENGRAM_ASSIGN_OR_RETURN(Dynamics dynamics, ParseDynamicsIn("default_dynamics", wire, defaults));
  if (!std::holds_alternative<ConstrainedSparsemax>(dynamics.transform)) return dynamics;
  return InvalidField("default_dynamics.constrained_sparsemax",
                      "a transformation with a bound for each pattern",
                      "any other: patterns come and go, so its bounds can only be those of a request");
}

absl::StatusOr<int64_t> ParseMaxPatterns(const v1::BankLimits& limits) {
  if (limits.max_patterns() >= 0) return limits.max_patterns();
  return InvalidField("limits.max_patterns", absl::StrCat(limits.max_patterns()), "0 or more");
}

// A path within an UpdateBankRequest that may change.
bool MayUpdate(absl::string_view path) {
  if (path == "default_dynamics" || path == "limits" || path == "limits.max_patterns") return true;
  return absl::ConsumePrefix(&path, "default_dynamics.") &&
         v1::Dynamics::descriptor()->FindFieldByName(std::string(path)) != nullptr;
}

absl::StatusOr<ParsedMatrix> ParseValues(const v1::StoreRequest& request, const BankSettings& bank) {
  if (bank.value_dim == 0) {
    if (!request.has_values()) return ParsedMatrix();
    return InvalidField("values", "a matrix", absl::StrCat("none: bank '", bank.name, "' has no values"));
  }
  if (!request.has_values()) {
    return InvalidField(
        "values", "none",
        absl::StrCat("a matrix [n, ", bank.value_dim, "]: bank '", bank.name, "' has values"));
  }
  ENGRAM_ASSIGN_OR_RETURN(ParsedMatrix values, ParseMatrix(request.values(), "values", ValueDimOf(bank)));
  if (values.rows != request.patterns().rows()) {
    return InvalidField("values.rows", absl::StrCat(values.rows),
                        absl::StrCat(request.patterns().rows(), ", the number of patterns"));
  }
  return values;
}

absl::Status CheckCount(int64_t got, int64_t patterns, const std::string& field) {
  if (got == 0 || got == patterns) return absl::OkStatus();
  return InvalidField(field, absl::StrCat(got, " entries"),
                      absl::StrCat("none, or one for each of the ", patterns, " patterns"));
}

// Queries or states: a batch for a bank.
absl::StatusOr<ParsedMatrix> ParseBatch(const v1::Matrix& matrix, const std::string& field,
                                        const BankSettings& bank, const Limits& limits) {
  ENGRAM_ASSIGN_OR_RETURN(ParsedMatrix batch, ParseMatrix(matrix, field, DimOf(bank)));
  if (batch.rows > limits.max_batch) {
    return InvalidField(absl::StrCat(field, ".rows"), absl::StrCat(batch.rows),
                        absl::StrCat("1 to ", limits.max_batch, ", the server's --max-batch"));
  }
  return batch;
}

// Whether it is the fast one.
absl::StatusOr<bool> ParseArithmetic(v1::Arithmetic arithmetic) {
  switch (arithmetic) {
    case v1::ARITHMETIC_UNSPECIFIED:
    case v1::ARITHMETIC_EXACT:
      return false;
    case v1::ARITHMETIC_FAST:
      return true;
    default:
      return InvalidField("arithmetic", absl::StrCat(static_cast<int>(arithmetic)),
                          "a value of engram.v1.Arithmetic");
  }
}

absl::StatusOr<int64_t> ParseMaxSupport(const v1::RetrieveRequest& request, const Limits& limits) {
  const int64_t max_support = request.has_max_support() ? request.max_support() : Limits::kDefaultSupport;
  if (max_support < 0 || max_support > Limits::kMaxSupport) {
    return InvalidField("max_support", absl::StrCat(max_support), absl::StrCat("0 to ", Limits::kMaxSupport));
  }
  // An id and a weight take at least this much of a message.
  constexpr int64_t kBytesPerEntry = 9;
  const int64_t largest =
      limits.max_message_bytes / (kBytesPerEntry * std::max<int64_t>(1, request.queries().rows()));
  if (max_support > largest) {
    return InvalidField(
        "max_support", absl::StrCat(max_support),
        absl::StrCat("at most ", largest, " for this many queries: the response has to fit in ",
                     limits.max_message_bytes, " bytes"));
  }
  return max_support;
}

}  // namespace

absl::StatusOr<std::string> ParseName(const std::string& name, const std::string& field) {
  const auto allowed = [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  };
  const auto size = static_cast<int64_t>(name.size());
  if (size >= 1 && size <= Limits::kMaxNameBytes && std::all_of(name.begin(), name.end(), allowed))
    return name;
  const std::string got = size <= Limits::kMaxNameBytes
                              ? absl::StrCat("'", absl::CHexEscape(name), "'")
                              : absl::StrCat(size, " bytes, '", absl::CHexEscape(name.substr(0, 32)), "...'");
  return InvalidField(field, got, "[A-Za-z0-9._-]{1,128}");
}

absl::StatusOr<BankSettings> ParseCreateBank(const v1::CreateBankRequest& request, Durability strongest,
                                             absl::Time now) {
  BankSettings settings;
  ENGRAM_ASSIGN_OR_RETURN(settings.name, ParseName(request.name(), "name"));
  ENGRAM_ASSIGN_OR_RETURN(settings.dim, ParseDim(request.dim(), "dim", 1));
  ENGRAM_ASSIGN_OR_RETURN(settings.value_dim, ParseDim(request.value_dim(), "value_dim", 0));
  ENGRAM_ASSIGN_OR_RETURN(settings.default_dynamics,
                          ParseDefaultDynamics(request.default_dynamics(), Dynamics()));
  ENGRAM_ASSIGN_OR_RETURN(settings.max_patterns, ParseMaxPatterns(request.limits()));
  ENGRAM_ASSIGN_OR_RETURN(settings.durability, ParseDurability(request.durability(), strongest));
  ENGRAM_ASSIGN_OR_RETURN(settings.screening, ParseScreening(request.screening()));
  settings.create_time = now;
  return settings;
}

absl::StatusOr<BankSettings> ParseUpdateBank(const v1::UpdateBankRequest& request,
                                             const BankSettings& current) {
  if (request.update_mask().paths().empty()) {
    return InvalidField("update_mask", "no paths", "default_dynamics and limits, or fields within them");
  }
  bool changes_limits = false;
  for (int i = 0; i < request.update_mask().paths_size(); ++i) {
    const std::string& path = request.update_mask().paths(i);
    changes_limits = changes_limits || absl::StartsWith(path, "limits");
    if (MayUpdate(path)) continue;
    return InvalidField(absl::StrCat("update_mask.paths[", i, "]"),
                        absl::StrCat("'", absl::CHexEscape(path.substr(0, 64)), "'"),
                        "default_dynamics, limits, or a field within them");
  }
  v1::UpdateBankRequest masked = request;
  google::protobuf::util::FieldMaskUtil::TrimMessage(request.update_mask(), &masked);
  BankSettings settings = current;
  ENGRAM_ASSIGN_OR_RETURN(settings.default_dynamics,
                          ParseDefaultDynamics(masked.default_dynamics(), current.default_dynamics));
  if (changes_limits) {
    ENGRAM_ASSIGN_OR_RETURN(settings.max_patterns, ParseMaxPatterns(masked.limits()));
  }
  return settings;
}

absl::StatusOr<ListBanksCall> ParseListBanks(const v1::ListBanksRequest& request) {
  ListBanksCall call;
  if (request.page_size() < 0 || request.page_size() > Limits::kMaxPageSize) {
    return InvalidField("page_size", absl::StrCat(request.page_size()),
                        absl::StrCat("0 to ", Limits::kMaxPageSize));
  }
  call.page_size = request.page_size() == 0 ? Limits::kDefaultPageSize : request.page_size();
  if (!request.page_token().empty()) {
    ENGRAM_ASSIGN_OR_RETURN(call.after, ParseName(request.page_token(), "page_token"));
  }
  return call;
}

absl::StatusOr<StoreCall> ParseStore(const v1::StoreRequest& request, const BankSettings& bank) {
  StoreCall call;
  ENGRAM_ASSIGN_OR_RETURN(call.patterns, ParseMatrix(request.patterns(), "patterns", DimOf(bank)));
  ENGRAM_ASSIGN_OR_RETURN(call.values, ParseValues(request, bank));
  ENGRAM_RETURN_IF_ERROR(CheckCount(request.ids_size(), call.patterns.rows, "ids"));
  ENGRAM_RETURN_IF_ERROR(CheckCount(request.payloads_size(), call.patterns.rows, "payloads"));
  if (request.ids_size() > 0) {
    ENGRAM_ASSIGN_OR_RETURN(call.ids, ParseIds(request.ids(), /*distinct=*/true));
  }
  for (int i = 0; i < request.payloads_size(); ++i) {
    if (static_cast<int64_t>(request.payloads(i).size()) > Limits::kMaxPayloadBytes) {
      return InvalidField(absl::StrCat("payloads[", i, "]"),
                          absl::StrCat(request.payloads(i).size(), " bytes"),
                          absl::StrCat("at most ", Limits::kMaxPayloadBytes, " bytes"));
    }
  }
  call.payloads.assign(request.payloads().begin(), request.payloads().end());
  return call;
}

absl::StatusOr<StoreCall> ParseChunk(v1::BulkStoreRequest::Chunk chunk, const BankSettings& bank) {
  auto request = std::make_unique<v1::StoreRequest>();
  if (chunk.has_patterns()) request->mutable_patterns()->Swap(chunk.mutable_patterns());
  if (chunk.has_values()) request->mutable_values()->Swap(chunk.mutable_values());
  request->mutable_ids()->Swap(chunk.mutable_ids());
  request->mutable_payloads()->Swap(chunk.mutable_payloads());
  ENGRAM_ASSIGN_OR_RETURN(StoreCall call, ParseStore(*request, bank));
  call.message = std::move(request);
  return call;
}

absl::StatusOr<ScanCall> ParseScanPatterns(const v1::ScanPatternsRequest& request) {
  ScanCall call;
  ENGRAM_ASSIGN_OR_RETURN(call.next_id, ParseScanCursor(request.cursor()));
  if (request.chunk_patterns() < 0 || request.chunk_patterns() > Limits::kMaxScanPatterns) {
    return InvalidField("chunk_patterns", absl::StrCat(request.chunk_patterns()),
                        absl::StrCat("0 to ", Limits::kMaxScanPatterns));
  }
  call.chunk_patterns = request.chunk_patterns();
  call.omit_rows = request.omit_rows();
  ENGRAM_ASSIGN_OR_RETURN(call.encoding, ParseEncoding(request.encoding(), v1::MATRIX_ENCODING_BYTES));
  return call;
}

absl::StatusOr<std::vector<uint64_t>> ParseIds(const google::protobuf::RepeatedField<uint64_t>& ids,
                                               bool distinct) {
  if (ids.empty()) return InvalidField("ids", "none", "1 or more");
  absl::flat_hash_set<uint64_t> seen;
  for (int i = 0; i < ids.size(); ++i) {
    if (ids[i] >= MemoryBank::kIdLimit) {
      return InvalidField(absl::StrCat("ids[", i, "]"), absl::StrCat(ids[i]), "less than 2^63");
    }
    if (distinct && !seen.insert(ids[i]).second) {
      return InvalidField(absl::StrCat("ids[", i, "]"), absl::StrCat(ids[i], " again"), "each id once");
    }
  }
  return std::vector<uint64_t>(ids.begin(), ids.end());
}

absl::StatusOr<v1::MatrixEncoding> ParseEncoding(v1::MatrixEncoding encoding,
                                                 v1::MatrixEncoding default_encoding) {
  switch (encoding) {
    case v1::MATRIX_ENCODING_UNSPECIFIED:
      return default_encoding;
    case v1::MATRIX_ENCODING_BYTES:
    case v1::MATRIX_ENCODING_FLOATS:
      return encoding;
    default:
      return InvalidField("encoding", absl::StrCat(static_cast<int>(encoding)),
                          "a value of engram.v1.MatrixEncoding");
  }
}

absl::StatusOr<ParsedRetrieve> ParseRetrieve(const v1::RetrieveRequest& request, const BankSettings& bank,
                                             const Limits& limits) {
  ParsedRetrieve parsed;
  ENGRAM_ASSIGN_OR_RETURN(parsed.call.fast, ParseArithmetic(request.arithmetic()));
  ENGRAM_ASSIGN_OR_RETURN(const ParsedMatrix queries, ParseBatch(request.queries(), "queries", bank, limits));
  ENGRAM_ASSIGN_OR_RETURN(parsed.call.dynamics,
                          ParseDynamicsIn("dynamics", request.dynamics(), bank.default_dynamics));
  ENGRAM_ASSIGN_OR_RETURN(parsed.call.max_support, ParseMaxSupport(request, limits));
  ENGRAM_ASSIGN_OR_RETURN(parsed.encoding, ParseEncoding(request.encoding(), queries.encoding));
  if (request.support_parts().values() && bank.value_dim == 0) {
    return InvalidField("support_parts.values", "true",
                        absl::StrCat("false: bank '", bank.name, "' has no values"));
  }
  parsed.support_parts = request.support_parts();
  parsed.call.with_energy = !request.omit_energy();
  parsed.call.states.assign(queries.values.begin(), queries.values.end());
  return parsed;
}

absl::StatusOr<Call> ParseEnergy(const v1::EnergyRequest& request, const BankSettings& bank,
                                 const Limits& limits) {
  Call call;
  ENGRAM_ASSIGN_OR_RETURN(const ParsedMatrix states, ParseBatch(request.states(), "states", bank, limits));
  ENGRAM_ASSIGN_OR_RETURN(call.dynamics,
                          ParseDynamicsIn("dynamics", request.dynamics(), bank.default_dynamics));
  call.states.assign(states.values.begin(), states.values.end());
  return call;
}

absl::StatusOr<DifferentiateCall> ParseDifferentiate(const v1::DifferentiateRequest& request,
                                                     const BankSettings& bank, const Limits& limits) {
  DifferentiateCall call;
  ENGRAM_ASSIGN_OR_RETURN(const ParsedMatrix queries, ParseBatch(request.queries(), "queries", bank, limits));
  ENGRAM_ASSIGN_OR_RETURN(call.dynamics,
                          ParseDynamicsIn("dynamics", request.dynamics(), bank.default_dynamics));
  ENGRAM_ASSIGN_OR_RETURN(const ParsedMatrix states,
                          ParseMatrix(request.state_cotangents(), "state_cotangents", DimOf(bank)));
  ENGRAM_RETURN_IF_ERROR(CheckRows(states, "state_cotangents", queries.rows));
  if (request.has_value_cotangents()) {
    if (bank.value_dim == 0) {
      return InvalidField("value_cotangents", "a matrix",
                          absl::StrCat("none: bank '", bank.name, "' has no values"));
    }
    ENGRAM_ASSIGN_OR_RETURN(const ParsedMatrix values,
                            ParseMatrix(request.value_cotangents(), "value_cotangents", ValueDimOf(bank)));
    ENGRAM_RETURN_IF_ERROR(CheckRows(values, "value_cotangents", queries.rows));
    call.value_cotangents.assign(values.values.begin(), values.values.end());
  }
  call.states.assign(queries.values.begin(), queries.values.end());
  call.state_cotangents.assign(states.values.begin(), states.values.end());
  return call;
}

}  // namespace engram
