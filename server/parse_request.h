#ifndef ENGRAM_SERVER_PARSE_REQUEST_H_
#define ENGRAM_SERVER_PARSE_REQUEST_H_

#include <cstdint>
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

// Settings of a new bank. UNIMPLEMENTED: `strongest` cannot keep the durability that is asked for.
absl::StatusOr<BankSettings> ParseCreateBank(const v1::CreateBankRequest& request, Durability strongest,
                                             absl::Time now);

struct ListBanksCall {
  std::string after;  // Name of the last bank of the page before; "" for the first page.
  int64_t page_size = 0;
};
absl::StatusOr<ListBanksCall> ParseListBanks(const v1::ListBanksRequest& request);

// What a Store adds, with the data that `rows` views.
struct StoreCall {
  ParsedMatrix patterns;
  ParsedMatrix values;
  std::vector<uint64_t> ids;
  std::vector<std::string> payloads;

  PatternRows rows() const { return {ids, patterns.view(), values.view(), payloads}; }
};
absl::StatusOr<StoreCall> ParseStore(const v1::StoreRequest& request, const BankSettings& bank);

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
// UNIMPLEMENTED: the dynamics or the arithmetic are not built yet.
absl::StatusOr<ParsedRetrieve> ParseRetrieve(const v1::RetrieveRequest& request, const BankSettings& bank,
                                             const Limits& limits);

// UNIMPLEMENTED: the dynamics are not built yet.
absl::StatusOr<Call> ParseEnergy(const v1::EnergyRequest& request, const BankSettings& bank,
                                 const Limits& limits);

}  // namespace engram

#endif  // ENGRAM_SERVER_PARSE_REQUEST_H_
