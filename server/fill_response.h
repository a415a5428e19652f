#ifndef ENGRAM_SERVER_FILL_RESPONSE_H_
#define ENGRAM_SERVER_FILL_RESPONSE_H_

#include <string>

#include "absl/status/statusor.h"
#include "core/bank/memory_bank.h"
#include "core/bank/memory_banks.h"
#include "core/engine/call.h"
#include "engram/v1/associative_memory.pb.h"
#include "server/limits.h"
#include "server/parse_request.h"

namespace engram {

// Core types to wire: the way back of parse_request.

// Of a bank that serves.
v1::Bank FillBank(const MemoryBank& bank);
// Of a bank in any state.
v1::Bank FillBank(const BankEntry& entry);

// Every field is set.
v1::Dynamics FillDynamics(const Dynamics& dynamics);

v1::Durability FillDurability(Durability durability);

v1::Screening FillScreening(Screening screening);

v1::StopReason FillStopReason(StopReason reason);

// RESOURCE_EXHAUSTED: the ids that a Store of `count` patterns assigns would not fit in its response.
absl::Status CheckStoreFits(int64_t count, const Limits& limits);

// Largest number of ids in a reply of a BulkStore.
int64_t MaxStoredIds(const Limits& limits);

// RESOURCE_EXHAUSTED: `count` patterns, their payloads aside, would not fit in a response.
absl::Status CheckPatternsFit(int64_t count, const BankSettings& bank, const Limits& limits);

// RESOURCE_EXHAUSTED: the response would be larger than a message may be.
absl::StatusOr<v1::GetPatternsResponse> FillGetPatterns(const v1::GetPatternsRequest& request,
                                                        const MemoryBank::FoundPatterns& found,
                                                        v1::MatrixEncoding encoding, const Limits& limits);

// The first of `rows`, which are in id order: as many as `call` asks for and a message can take, at least
// one. RESOURCE_EXHAUSTED: a single one is larger than a message may be.
absl::StatusOr<v1::ScanPatternsResponse> FillScanPatterns(const BankSnapshot& bank,
                                                          absl::Span<const RowRef> rows, const ScanCall& call,
                                                          const Limits& limits);

// RESOURCE_EXHAUSTED: the response would be larger than a message may be.
absl::Status FillRetrieve(const RetrieveResult& result, const v1::SupportParts& parts,
                          v1::MatrixEncoding encoding, const Limits& limits, v1::RetrieveResponse* response);

v1::EnergyResponse FillEnergy(const EnergyResult& result);

// RESOURCE_EXHAUSTED: the response would be larger than a message may be.
absl::StatusOr<v1::DifferentiateResponse> FillDifferentiate(const DifferentiateResult& result,
                                                            const Limits& limits);

}  // namespace engram

#endif  // ENGRAM_SERVER_FILL_RESPONSE_H_
