#ifndef ENGRAM_SERVER_PARSE_REQUEST_H_
#define ENGRAM_SERVER_PARSE_REQUEST_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/bank/bank_snapshot.h"
#include "core/engine/call.h"
#include "core/storage/bank_settings.h"
#include "core/storage/journal.h"
#include "engram/v1/associative_memory.pb.h"
#include "server/limits.h"
#include "server/parse_matrix.h"

namespace engram {

// The one place where requests become core types that cannot be invalid. All errors are INVALID_ARGUMENT with
// the field, what was got and what is allowed, unless said otherwise.

// A bank's name; `field` is its path in the request.
absl::StatusOr<std::string> ParseName(const std::string& name, const std::string& field);

// Settings of a new bank. FAILED_PRECONDITION: what is asked for is more durable than `strongest`.
absl::StatusOr<BankSettings> ParseCreateBank(const v1::CreateBankRequest& request, Durability strongest,
                                             absl::Time now);

// The settings that a bank with `current` settings would have. The mask names default_dynamics, limits, or
// fields within them; of those, what the request leaves unset stays as it is.
absl::StatusOr<BankSettings> ParseUpdateBank(const v1::UpdateBankRequest& request,
                                             const BankSettings& current);

struct ListBanksCall {
  std::string after;  // Name of the last bank of the page before; "" for the first page.
  int64_t page_size = 0;
};
absl::StatusOr<ListBanksCall> ParseListBanks(const v1::ListBanksRequest& request);

// What a Store adds.
struct StoreCall {
  std::unique_ptr<const v1::StoreRequest> message;  // What the matrices view; null: the request.
  ParsedMatrix patterns;
  ParsedMatrix values;
  std::vector<uint64_t> ids;
  std::vector<std::string> payloads;

  PatternRows rows() const { return {ids, patterns.view(), values.view(), payloads}; }
};
// `request` must outlive the result.
absl::StatusOr<StoreCall> ParseStore(const v1::StoreRequest& request, const BankSettings& bank);

// What a chunk of an upload adds. Errors name fields within the chunk; see Within.
absl::StatusOr<StoreCall> ParseChunk(v1::BulkStoreRequest::Chunk chunk, const BankSettings& bank);

struct ScanCall {
  uint64_t next_id = 0;        // The scan begins with the first id that is no smaller.
  int64_t chunk_patterns = 0;  // Largest number in a message; 0: as many as fill Limits::kScanMessageBytes.
  bool omit_rows = false;
  v1::MatrixEncoding encoding = v1::MATRIX_ENCODING_BYTES;
};
absl::StatusOr<ScanCall> ParseScanPatterns(const v1::ScanPatternsRequest& request);

// At least one id; `distinct` asks for no id twice.
absl::StatusOr<std::vector<uint64_t>> ParseIds(const google::protobuf::RepeatedField<uint64_t>& ids,
                                               bool distinct);

// The encoding of a response whose request's own matrices have `default_encoding`.
absl::StatusOr<v1::MatrixEncoding> ParseEncoding(v1::MatrixEncoding encoding,
                                                 v1::MatrixEncoding default_encoding);

struct ParsedRetrieve {
  RetrieveCall call;
  v1::SupportParts support_parts;
  v1::MatrixEncoding encoding = v1::MATRIX_ENCODING_BYTES;
};
absl::StatusOr<ParsedRetrieve> ParseRetrieve(const v1::RetrieveRequest& request, const BankSettings& bank,
                                             const Limits& limits);

absl::StatusOr<Call> ParseEnergy(const v1::EnergyRequest& request, const BankSettings& bank,
                                 const Limits& limits);

absl::StatusOr<DifferentiateCall> ParseDifferentiate(const v1::DifferentiateRequest& request,
                                                     const BankSettings& bank, const Limits& limits);

}  // namespace engram

#endif  // ENGRAM_SERVER_PARSE_REQUEST_H_
