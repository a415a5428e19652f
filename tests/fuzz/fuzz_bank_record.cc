// Records of a data directory are refused or give what encodes to the same bytes.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "core/storage/bank_record.h"
#include "core/storage/log_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view record(reinterpret_cast<const char*>(data), size);
  const absl::StatusOr<engram::BankSettings> settings = engram::DecodeSettings(record);
  if (settings.ok() && engram::EncodeSettings(*settings) != record) std::abort();
  const absl::StatusOr<engram::BankCounts> counts = engram::DecodeCounts(record);
  if (counts.ok() && engram::EncodeCounts(*counts) != record) std::abort();

  std::vector<float> pattern(size > 0 ? data[0] % 8 + 1 : 1);
  std::vector<float> value(size > 1 ? data[1] % 3 : 0);
  std::string payload;
  const absl::string_view rest = record.substr(std::min<size_t>(size, 2));
  if (engram::DecodePattern(rest, absl::MakeSpan(pattern), absl::MakeSpan(value), &payload).ok()) {
    std::string again;
    engram::EncodePattern(pattern, value, payload, &again);
    if (again != rest) std::abort();
  }
  engram::CheckLog(record, "log").IgnoreError();
  return 0;
}
