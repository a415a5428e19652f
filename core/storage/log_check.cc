#include "core/storage/log_check.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/base/status_macros.h"
#include "core/storage/byte_record.h"
#include "core/storage/crc32c.h"
#include "core/storage/log_files.h"
#include "core/storage/log_records.h"
#include "core/storage/rocks_status.h"
#include "rocksdb/file_system.h"

namespace engram {
namespace {

constexpr size_t kSectorBytes = 512;
// What RocksDB may append to a MANIFEST before it syncs: the edits of both families.
constexpr size_t kGroupBytes = 4096;
constexpr absl::string_view kSealText = "engram synced ";
// The seals in the bytes. One that lies in two fragments is not found: the next one says more.
std::vector<Synced> FindSeals(absl::string_view bytes, absl::string_view identity) {
  const size_t seal_bytes = LogSeal(identity, {}).size();
  const std::string text = absl::StrCat(kSealText, identity);
  std::vector<Synced> seals;
  for (size_t i = bytes.find(text); i != absl::string_view::npos; i = bytes.find(text, i + 1)) {
    ByteReader reader(bytes.substr(i + text.size()));
    Synced synced;
    synced.through = reader.U64();
    synced.log = reader.U64();
    if (bytes.substr(i, seal_bytes) == LogSeal(identity, synced)) seals.push_back(synced);
  }
  return seals;
}

// The number in the name of a log; 0: there is none.
uint64_t LogNumber(absl::string_view path) {
  const absl::string_view name = path.substr(path.find_last_of('/') + 1);
  uint64_t number = 0;
  return absl::SimpleAtoi(absl::StripSuffix(name, ".log"), &number) ? number : 0;
}

// Whether some of what is missing behind the whole records of a log was synced.
bool WasSynced(const std::vector<Synced>& seals, const WholeRecords& whole, uint64_t log_number) {
  return std::any_of(seals.begin(), seals.end(), [&](const Synced& seal) {
    // Where nothing is known of what is missing, it is at least the log's first record.
    if (whole.next_number == 0) return log_number > 0 && seal.log >= log_number;
    return seal.through >= whole.next_number;
  });
}

absl::Status LogDamaged(absl::string_view name, size_t offset, size_t size) {
  return DataDamaged(absl::StrCat(name, " is damaged at byte ", offset, " of ", size,
                                  ": restore the data directory from a backup; without that file, what was "
                                  "stored last would be missing"));
}

// Whether some sector's part of the log behind `offset` is zeros: its file grew, but its bytes did not
// arrive. A few zeros prove nothing.
bool HasLostSectors(absl::string_view log, size_t offset) {
  for (size_t begin = offset; begin < log.size();) {
    const size_t end = std::min(log.size(), (begin / kSectorBytes + 1) * kSectorBytes);
    const absl::string_view part = log.substr(begin, end - begin);
    const bool is_zeros = std::all_of(part.begin(), part.end(), [](char c) { return c == '\0'; });
    if (is_zeros) return true;
    begin = end;
  }
  return false;
}

// Cuts the file after `size` bytes, if it is longer, and syncs it.
absl::Status CutAndSync(rocksdb::Env* env, const std::string& path, size_t old_size, size_t size) {
  std::unique_ptr<rocksdb::FSWritableFile> file;
  rocksdb::IOStatus status = env->GetFileSystem()->ReopenWritableFile(path, {}, &file, nullptr);
  // RocksDB's file systems cut files that are open, and no others.
  if (status.ok() && size < old_size) status = file->Truncate(size, {}, nullptr);
  if (status.ok()) status = file->Fsync({}, nullptr);
  return ToWriteStatus(status, path);
}

// The name that RocksDB gave the database. Without it no seal is known, as in a database of an older Engram.
std::string ReadIdentity(rocksdb::Env* env, const std::string& data_dir) {
  std::string identity;
  rocksdb::ReadFileToString(env, absl::StrCat(data_dir, "/IDENTITY"), &identity).PermitUncheckedError();
  return std::string(absl::StripAsciiWhitespace(identity));
}

// Follows the logs of a directory in their order past one that ends early.
class LogGap {
 public:
  // Takes the next log, whole or not. True: what it holds comes behind a gap.
  bool IsBefore(const WholeRecords& records, bool is_whole) {
    if (gap_ != 0 && records.first_number == gap_) gap_ = 0;
    const bool is_before = gap_ != 0 && records.first_number != 0;
    next_number_ = std::max(next_number_, records.next_number);
    if (!is_whole && gap_ == 0) gap_ = next_number_;
    return is_before;
  }
  // The number of the first record that is missing; 0: there is no gap, or nothing is known of it.
  uint64_t number() const { return gap_; }

 private:
  uint64_t next_number_ = 0;
  uint64_t gap_ = 0;
};

}  // namespace

std::string LogSeal(absl::string_view identity, Synced synced) {
  std::string seal = absl::StrCat(kSealText, identity);
  ByteWriter writer(&seal);
  writer.U64(synced.through);
  writer.U64(synced.log);
  writer.U32(MaskedCrc32c(seal));
  return seal;
}

absl::Status CheckLog(absl::string_view log, absl::string_view name, absl::string_view identity) {
  const WholeRecords whole = FindWholeRecords(log);
  if (whole.bytes == log.size()) return absl::OkStatus();
  const bool was_synced = WasSynced(FindSeals(log.substr(whole.bytes), identity), whole, LogNumber(name));
  if (!was_synced && !OnlyLengthIsWrong(log, whole.fragment_bytes)) return absl::OkStatus();
  return LogDamaged(name, whole.fragment_bytes, log.size());
}

absl::Status CheckManifest(absl::string_view log, absl::string_view name) {
  const WholeRecords whole = FindWholeRecords(log);
  if (whole.bytes == log.size()) return absl::OkStatus();
  const size_t offset = whole.fragment_bytes;
  if (log.size() - whole.bytes <= kGroupBytes && HasLostSectors(log, whole.bytes)) return absl::OkStatus();
  if (!RecordBeginsBehind(log, offset) && !OnlyLengthIsWrong(log, offset)) return absl::OkStatus();
  return LogDamaged(name, offset, log.size());
}

absl::Status RepairManifest(rocksdb::Env* env, const std::string& data_dir) {
  ENGRAM_ASSIGN_OR_RETURN(const std::string name, ReadLogFile(env, absl::StrCat(data_dir, "/CURRENT")));
  const std::string path = absl::StrCat(data_dir, "/", absl::StripSuffix(name, "\n"));
  ENGRAM_ASSIGN_OR_RETURN(const std::string log, ReadLogFile(env, path));
  const size_t whole = FindWholeRecords(log).bytes;
  if (whole == log.size() || !HasLostSectors(log, whole)) return absl::OkStatus();
  return CutAndSync(env, path, log.size(), whole);
}

absl::Status CheckLogs(rocksdb::Env* env, const std::string& data_dir) {
  ENGRAM_ASSIGN_OR_RETURN(const std::string manifest, CurrentManifest(env, data_dir));
  ENGRAM_ASSIGN_OR_RETURN(const std::string edits, ReadLogFile(env, manifest));
  ENGRAM_RETURN_IF_ERROR(CheckManifest(edits, manifest));
  const std::string identity = ReadIdentity(env, data_dir);
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<std::string> paths, ListLogs(env, data_dir));
  LogGap gap;
  absl::Status gap_status;
  for (const std::string& path : paths) {
    ENGRAM_ASSIGN_OR_RETURN(const std::string log, ReadLogFile(env, path));
    ENGRAM_RETURN_IF_ERROR(CheckLog(log, path, identity));
    const WholeRecords whole = FindWholeRecords(log);
    const bool was_gap = gap.number() != 0;
    const bool is_behind = gap.IsBefore(whole, whole.bytes == log.size());
    WholeRecords before_gap;
    before_gap.next_number = gap.number();
    if (is_behind && WasSynced(FindSeals(log, identity), before_gap, 0)) return gap_status;
    if (!was_gap) gap_status = LogDamaged(path, whole.fragment_bytes, log.size());
  }
  return absl::OkStatus();
}

absl::Status RepairLogs(rocksdb::Env* env, const std::string& data_dir) {
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<std::string> paths, ListLogs(env, data_dir));
  LogGap gap;
  for (const std::string& path : paths) {
    ENGRAM_ASSIGN_OR_RETURN(const std::string log, ReadLogFile(env, path));
    const WholeRecords whole = FindWholeRecords(log);
    const bool is_behind = gap.IsBefore(whole, whole.bytes == log.size());
    ENGRAM_RETURN_IF_ERROR(CutAndSync(env, path, log.size(), is_behind ? 0 : whole.bytes));
  }
  return absl::OkStatus();
}

}  // namespace engram
