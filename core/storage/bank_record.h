#ifndef ENGRAM_CORE_STORAGE_BANK_RECORD_H_
#define ENGRAM_CORE_STORAGE_BANK_RECORD_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "core/storage/bank_settings.h"
#include "core/storage/journal.h"

namespace engram {

// The records of a bank on disk: docs/storage.md describes their bytes. Numbers are little-endian, and each
// record begins with the version of its layout.
//
// Decoding takes any bytes. DATA_LOSS: they are not a record, or one of a version that this Engram does not
// know; the text says which.

std::string EncodeSettings(const BankSettings& settings);
absl::StatusOr<BankSettings> DecodeSettings(absl::string_view record);

std::string EncodeCounts(const BankCounts& counts);
absl::StatusOr<BankCounts> DecodeCounts(absl::string_view record);

// A pattern [D], its value [V] and its payload, into `record`, whose memory is used again.
void EncodePattern(absl::Span<const float> pattern, absl::Span<const float> value, absl::string_view payload,
                   std::string* record);
// The bytes of such a record.
int64_t PatternRecordBytes(int64_t dim, int64_t value_dim, int64_t payload_bytes);
// Of all these.
int64_t PatternRecordBytes(const PatternRows& rows);
// Fills all three outputs; on an error they may hold anything. A component that is not finite is an error.
absl::Status DecodePattern(absl::string_view record, absl::Span<float> pattern, absl::Span<float> value,
                           std::string* payload);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_BANK_RECORD_H_
