#include "core/storage/log_records.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/storage/byte_record.h"
#include "core/storage/crc32c.h"

namespace engram {
namespace {

// RocksDB's log format (its wiki, "Write Ahead Log File Format"): blocks, in each fragments of records, none
// across two blocks. A fragment is: masked CRC-32C of type and bytes, count of bytes, type, bytes.
constexpr size_t kBlockBytes = 32'768;
constexpr size_t kHeaderBytes = 4 + 2 + 1;
// What stands before the operations in a record of a log: the number of the first, and their count.
constexpr size_t kBatchHeaderBytes = 8 + 4;
enum FragmentType : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

struct Fragment {
  bool is_whole = false;
  bool begins_record = false;
  bool ends_record = false;
  size_t bytes = 0;  // With its header.
};

size_t BlockEnd(size_t offset) { return (offset / kBlockBytes + 1) * kBlockBytes; }

// What stands at `offset`, where a header has room. `length`: instead of the one that the header says.
Fragment FragmentAt(absl::string_view log, size_t offset, size_t length) {
  const size_t end = std::min(log.size(), BlockEnd(offset));
  const uint8_t type = static_cast<uint8_t>(log[offset + 6]);
  if (type < kFull || type > kLast || length > end - offset - kHeaderBytes) return {};
  ByteReader header(log.substr(offset));
  if (header.U32() != MaskedCrc32c(log.substr(offset + 6, 1 + length))) return {};
  return {true, type == kFull || type == kFirst, type == kFull || type == kLast, kHeaderBytes + length};
}
Fragment FragmentAt(absl::string_view log, size_t offset) {
  return FragmentAt(log, offset,
                    static_cast<uint8_t>(log[offset + 4]) | static_cast<uint8_t>(log[offset + 5]) << 8);
}

bool HasRoom(absl::string_view log, size_t offset) {
  return offset + kHeaderBytes <= std::min(log.size(), BlockEnd(offset));
}

}  // namespace

bool RecordBeginsBehind(absl::string_view log, size_t offset) {
  for (size_t i = offset + 1; i < BlockEnd(offset) && HasRoom(log, i); ++i) {
    if (FragmentAt(log, i).begins_record) return true;
  }
  for (size_t block = BlockEnd(offset); block < log.size(); block += kBlockBytes) {
    for (size_t i = block; i < block + kBlockBytes && HasRoom(log, i);) {
      const Fragment fragment = FragmentAt(log, i);
      if (fragment.begins_record) return true;
      if (!fragment.is_whole) break;
      i += fragment.bytes;
    }
  }
  return false;
}

bool OnlyLengthIsWrong(absl::string_view log, size_t offset) {
  return HasRoom(log, offset) && log.size() <= BlockEnd(offset) &&
         FragmentAt(log, offset, log.size() - offset - kHeaderBytes).is_whole;
}

WholeRecords FindWholeRecords(absl::string_view log) {
  WholeRecords whole;
  bool in_record = false;
  std::string batch_header;
  size_t offset = 0;
  while (offset < log.size()) {
    if (!HasRoom(log, offset)) {
      const size_t next = std::min(log.size(), BlockEnd(offset));
      // Less than a header at the end of the log is a torn one, at the end of a block filling.
      if (next == log.size() && next != BlockEnd(offset)) break;
      offset = next;
      continue;
    }
    const Fragment fragment = FragmentAt(log, offset);
    if (!fragment.is_whole || fragment.begins_record == in_record) break;
    if (fragment.begins_record) batch_header.clear();
    const absl::string_view bytes = log.substr(offset + kHeaderBytes, fragment.bytes - kHeaderBytes);
    absl::StrAppend(&batch_header, bytes.substr(0, kBatchHeaderBytes - batch_header.size()));
    offset += fragment.bytes;
    in_record = !fragment.ends_record;
    if (in_record) continue;
    ByteReader header(batch_header);
    const uint64_t number = header.U64();
    if (whole.next_number == 0) whole.first_number = number;
    whole.next_number = number + header.U32();
    whole.bytes = offset;
  }
  whole.fragment_bytes = offset;
  if (offset == log.size() && !in_record) whole.bytes = offset;
  return whole;
}

}  // namespace engram
