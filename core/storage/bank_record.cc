#include "core/storage/bank_record.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/byte_record.h"
#include "core/storage/dynamics_record.h"

namespace engram {
namespace {

constexpr uint8_t kSettingsVersion = 1;
constexpr uint8_t kCountsVersion = 1;
constexpr uint8_t kPatternVersion = 1;

// What requests may hold, too.
constexpr float kMaxComponent = 1e30F;
constexpr uint64_t kMaxNextId = uint64_t{1} << 63;

constexpr int64_t kPatternHeaderBytes = 1 + 4;  // Version and size of the payload.

// Rows are copied as they lie in memory: byte by byte they would take longer than the disk.
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "rows on disk are little-endian");

absl::Status CheckVersion(absl::string_view what, uint8_t got, uint8_t known) {
  if (got == known) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(what, ": version ", got, " is unknown (this Engram knows ", known,
                                          "); it is damaged or a newer Engram wrote it"));
}

bool IsBankName(absl::string_view name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
  });
}

absl::StatusOr<Durability> ToDurability(uint8_t tag) {
  switch (tag) {
    case 1:
      return Durability::kRelaxed;
    case 2:
      return Durability::kSynced;
    default:
      return absl::DataLossError(absl::StrCat("settings: durability ", tag, " is unknown"));
  }
}

uint8_t TagOf(Durability durability) {
  switch (durability) {
    case Durability::kVolatile:
      return 0;  // Which no record may have: such banks have none.
    case Durability::kRelaxed:
      return 1;
    case Durability::kSynced:
      return 2;
  }
  return 0;
}

absl::StatusOr<Screening> ToScreening(uint8_t tag) {
  switch (tag) {
    case 1:
      return Screening::kInt8;
    case 2:
      return Screening::kNone;
    default:
      return absl::DataLossError(absl::StrCat("settings: screening ", tag, " is unknown"));
  }
}

// False: a component is none that a request may have.
bool CopyInRange(absl::string_view bytes, absl::Span<float> row) {
  if (row.empty()) return true;
  std::memcpy(row.data(), bytes.data(), bytes.size());
  return std::all_of(row.begin(), row.end(), [](float x) { return std::abs(x) <= kMaxComponent; });
}

}  // namespace

std::string EncodeSettings(const BankSettings& settings) {
  std::string record;
  ByteWriter writer(&record);
  writer.U8(kSettingsVersion);
  writer.Text(settings.name);
  writer.I64(settings.dim);
  writer.I64(settings.value_dim);
  writer.I64(settings.max_patterns);
  writer.U8(TagOf(settings.durability));
  writer.U8(settings.screening == Screening::kInt8 ? 1 : 2);
  writer.I64(absl::ToUnixNanos(settings.create_time));
  WriteDynamics(settings.default_dynamics, &writer);
  return record;
}

absl::StatusOr<BankSettings> DecodeSettings(absl::string_view record) {
  ByteReader reader(record);
  ENGRAM_RETURN_IF_ERROR(CheckVersion("settings", reader.U8(), kSettingsVersion));
  BankSettings settings;
  settings.name = std::string(reader.Text());
  settings.dim = reader.I64();
  settings.value_dim = reader.I64();
  settings.max_patterns = reader.I64();
  ENGRAM_ASSIGN_OR_RETURN(settings.durability, ToDurability(reader.U8()));
  ENGRAM_ASSIGN_OR_RETURN(settings.screening, ToScreening(reader.U8()));
  settings.create_time = absl::FromUnixNanos(reader.I64());
  ENGRAM_ASSIGN_OR_RETURN(settings.default_dynamics, ReadDynamics(&reader));
  const bool in_range = IsBankName(settings.name) && settings.dim >= 1 && settings.dim <= 65'536 &&
                        settings.value_dim >= 0 && settings.value_dim <= 65'536 && settings.max_patterns >= 0;
  if (!in_range) return absl::DataLossError("settings: a name or a size is out of range");
  if (!reader.IsExact()) return absl::DataLossError("settings: the record has a wrong length");
  return settings;
}

std::string EncodeCounts(const BankCounts& counts) {
  std::string record;
  ByteWriter writer(&record);
  writer.U8(kCountsVersion);
  writer.I64(counts.version);
  writer.I64(counts.pattern_count);
  writer.U64(counts.next_id);
  return record;
}

absl::StatusOr<BankCounts> DecodeCounts(absl::string_view record) {
  ByteReader reader(record);
  ENGRAM_RETURN_IF_ERROR(CheckVersion("counts", reader.U8(), kCountsVersion));
  BankCounts counts;
  counts.version = reader.I64();
  counts.pattern_count = reader.I64();
  counts.next_id = reader.U64();
  if (!reader.IsExact() || counts.version < 0 || counts.pattern_count < 0 || counts.next_id > kMaxNextId) {
    return absl::DataLossError("counts: the record has a wrong length or a number out of range");
  }
  return counts;
}

int64_t PatternRecordBytes(int64_t dim, int64_t value_dim, int64_t payload_bytes) {
  return kPatternHeaderBytes + static_cast<int64_t>(sizeof(float)) * (dim + value_dim) + payload_bytes;
}

int64_t PatternRecordBytes(const PatternRows& rows) {
  int64_t bytes = PatternRecordBytes(rows.patterns.cols(), rows.values.cols(), 0) * rows.patterns.rows();
  for (const std::string& payload : rows.payloads) bytes += static_cast<int64_t>(payload.size());
  return bytes;
}

void EncodePattern(absl::Span<const float> pattern, absl::Span<const float> value, absl::string_view payload,
                   std::string* record) {
  record->clear();
  ByteWriter writer(record);
  writer.U8(kPatternVersion);
  writer.U32(static_cast<uint32_t>(payload.size()));
  record->append(reinterpret_cast<const char*>(pattern.data()), pattern.size() * sizeof(float));
  if (!value.empty()) {
    record->append(reinterpret_cast<const char*>(value.data()), value.size() * sizeof(float));
  }
  record->append(payload.data(), payload.size());
}

absl::Status DecodePattern(absl::string_view record, absl::Span<float> pattern, absl::Span<float> value,
                           std::string* payload) {
  ByteReader reader(record);
  ENGRAM_RETURN_IF_ERROR(CheckVersion("pattern", reader.U8(), kPatternVersion));
  const uint32_t payload_bytes = reader.U32();
  const absl::string_view pattern_bytes = reader.Bytes(pattern.size() * sizeof(float));
  const absl::string_view value_bytes = reader.Bytes(value.size() * sizeof(float));
  const absl::string_view payload_text = reader.Bytes(payload_bytes);
  if (!reader.IsExact()) {
    return absl::DataLossError(
        absl::StrCat("pattern: got a record of ", record.size(), " bytes, expected ",
                     PatternRecordBytes(static_cast<int64_t>(pattern.size()),
                                        static_cast<int64_t>(value.size()), payload_bytes)));
  }
  if (!CopyInRange(pattern_bytes, pattern) || !CopyInRange(value_bytes, value)) {
    return absl::DataLossError("pattern: a component is not finite or above 1e30 in magnitude");
  }
  payload->assign(payload_text.data(), payload_text.size());
  return absl::OkStatus();
}

}  // namespace engram
