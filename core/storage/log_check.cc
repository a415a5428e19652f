#include "core/storage/log_check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/status_macros.h"
#include "core/storage/byte_record.h"
#include "core/storage/rocks_status.h"
#include "rocksdb/file_system.h"

namespace engram {
namespace {

// RocksDB's log format (its wiki, "Write Ahead Log File Format"): blocks, in each fragments of records, none
// across two blocks. A fragment is: masked CRC-32C of type and bytes, count of bytes, type, bytes.
constexpr size_t kBlockBytes = 32'768;
constexpr size_t kHeaderBytes = 4 + 2 + 1;
constexpr size_t kSectorBytes = 512;
enum FragmentType : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

constexpr std::array<uint32_t, 256> MakeCrcTable() {
  std::array<uint32_t, 256> table = {};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
    table[i] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = MakeCrcTable();

uint32_t MaskedCrc(absl::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const char c : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xff];
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8;
}

struct Fragment {
  bool is_whole = false;
  bool begins_record = false;
  size_t bytes = 0;  // With its header.
};

size_t BlockEnd(size_t offset) { return (offset / kBlockBytes + 1) * kBlockBytes; }

// What stands at `offset`, where a header has room. `length`: instead of the one that the header says.
Fragment FragmentAt(absl::string_view log, size_t offset, size_t length) {
  const size_t end = std::min(log.size(), BlockEnd(offset));
  const uint8_t type = static_cast<uint8_t>(log[offset + 6]);
  if (type < kFull || type > kLast || length > end - offset - kHeaderBytes) return {};
  ByteReader header(log.substr(offset));
  if (header.U32() != MaskedCrc(log.substr(offset + 6, 1 + length))) return {};
  return {true, type == kFull || type == kFirst, kHeaderBytes + length};
}
Fragment FragmentAt(absl::string_view log, size_t offset) {
  return FragmentAt(log, offset,
                    static_cast<uint8_t>(log[offset + 4]) | static_cast<uint8_t>(log[offset + 5]) << 8);
}

bool HasRoom(absl::string_view log, size_t offset) {
  return offset + kHeaderBytes <= std::min(log.size(), BlockEnd(offset));
}

// Whether a whole record begins behind `offset`, anywhere: the length of a damaged one says nothing.
bool RecordBeginsBehind(absl::string_view log, size_t offset) {
  for (size_t i = offset + 1; i + kHeaderBytes <= log.size(); ++i) {
    if (HasRoom(log, i) && FragmentAt(log, i).begins_record) return true;
  }
  return false;
}

// Whether what begins at `offset` and ends the log is whole but for its length.
bool OnlyLengthIsWrong(absl::string_view log, size_t offset) {
  return HasRoom(log, offset) && log.size() <= BlockEnd(offset) &&
         FragmentAt(log, offset, log.size() - offset - kHeaderBytes).is_whole;
}

// CURRENT holds the name of the MANIFEST, and no checksum.
absl::Status CheckCurrent(rocksdb::Env* env, const std::string& data_dir,
                          const std::vector<std::string>& names) {
  const std::string path = absl::StrCat(data_dir, "/CURRENT");
  std::string current;
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(rocksdb::ReadFileToString(env, path, &current), path));
  for (const std::string& name : names) {
    if (absl::StartsWith(name, "MANIFEST-") && current == absl::StrCat(name, "\n")) return absl::OkStatus();
  }
  return DataDamaged(absl::StrCat(path,
                                  " names no MANIFEST that is there: it is damaged, or parts of the data "
                                  "directory were deleted; restore it from a backup"));
}

// How many bytes of the log are whole fragments, one after the other.
size_t WholeBytes(absl::string_view log) {
  size_t offset = 0;
  while (offset < log.size()) {
    if (!HasRoom(log, offset)) {
      const size_t next = std::min(log.size(), BlockEnd(offset));
      // Less than a header at the end of the log is a torn one, at the end of a block filling.
      if (next == log.size() && next != BlockEnd(offset)) return offset;
      offset = next;
      continue;
    }
    const Fragment fragment = FragmentAt(log, offset);
    if (!fragment.is_whole) return offset;
    offset += fragment.bytes;
  }
  return log.size();
}

// Whether the log, whole up to `offset`, ends in zeros from the beginning of a sector: its file grew, but its
// bytes did not arrive. A few zeros prove nothing.
bool EndsInLostSectors(absl::string_view log, size_t offset) {
  const size_t last = log.find_last_not_of('\0');
  const size_t zeros = last == absl::string_view::npos ? 0 : last + 1;
  const size_t sector = std::max(offset, (zeros + kSectorBytes - 1) / kSectorBytes * kSectorBytes);
  return sector + kHeaderBytes < log.size();
}

}  // namespace

absl::Status CheckLog(absl::string_view log, absl::string_view name) {
  const size_t offset = WholeBytes(log);
  if (offset == log.size()) return absl::OkStatus();
  const absl::string_view header = log.substr(offset, kHeaderBytes);
  if (std::all_of(header.begin(), header.end(), [](char c) { return c == '\0'; })) return absl::OkStatus();
  if (!RecordBeginsBehind(log, offset) && !OnlyLengthIsWrong(log, offset)) return absl::OkStatus();
  return DataDamaged(absl::StrCat(name, " is damaged at byte ", offset, " of ", log.size(),
                                  ": restore the data directory from a backup; without that file, what was "
                                  "stored last would be missing"));
}

absl::Status RepairManifest(rocksdb::Env* env, const std::string& data_dir) {
  std::string name;
  ENGRAM_RETURN_IF_ERROR(
      ToReadStatus(rocksdb::ReadFileToString(env, absl::StrCat(data_dir, "/CURRENT"), &name), data_dir));
  const std::string path = absl::StrCat(data_dir, "/", absl::StripSuffix(name, "\n"));
  std::string log;
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(rocksdb::ReadFileToString(env, path, &log), path));
  const size_t whole = WholeBytes(log);
  if (whole == log.size() || !EndsInLostSectors(log, whole)) return absl::OkStatus();
  rocksdb::FileSystem* const files = env->GetFileSystem().get();
  rocksdb::IOStatus status = files->Truncate(path, whole, {}, nullptr);
  std::unique_ptr<rocksdb::FSWritableFile> file;
  if (status.ok()) status = files->ReopenWritableFile(path, {}, &file, nullptr);
  if (status.ok()) status = file->Fsync({}, nullptr);
  return ToWriteStatus(status, path);
}

absl::Status CheckLogs(rocksdb::Env* env, const std::string& data_dir) {
  std::vector<std::string> names;
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(env->GetChildren(data_dir, &names), data_dir));
  ENGRAM_RETURN_IF_ERROR(CheckCurrent(env, data_dir, names));
  for (const std::string& name : names) {
    if (!absl::EndsWith(name, ".log") && !absl::StartsWith(name, "MANIFEST-")) continue;
    const std::string path = absl::StrCat(data_dir, "/", name);
    std::string contents;
    ENGRAM_RETURN_IF_ERROR(ToReadStatus(rocksdb::ReadFileToString(env, path, &contents), path));
    ENGRAM_RETURN_IF_ERROR(CheckLog(contents, path));
  }
  return absl::OkStatus();
}

}  // namespace engram
