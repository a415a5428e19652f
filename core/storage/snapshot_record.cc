#include "core/storage/snapshot_record.h"

#include <map>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/storage/byte_record.h"
#include "core/storage/crc32c.h"
#include "core/storage/data_directory.h"
#include "core/storage/folder.h"
#include "core/storage/rocks_status.h"

namespace engram {
namespace {

constexpr uint8_t kRecordVersion = 1;

}  // namespace

std::string EncodeSnapshotRecord(const SnapshotRecord& record) {
  std::string bytes;
  ByteWriter writer(&bytes);
  writer.U8(kRecordVersion);
  writer.Text(record.name);
  writer.I64(absl::ToUnixNanos(record.create_time));
  writer.U32(static_cast<uint32_t>(record.files.size()));
  for (const SnapshotRecord::File& file : record.files) {
    writer.Text(file.name);
    writer.I64(file.bytes);
  }
  writer.U32(MaskedCrc32c(bytes));
  return bytes;
}

absl::StatusOr<SnapshotRecord> DecodeSnapshotRecord(absl::string_view bytes) {
  constexpr size_t kCrcBytes = 4;
  if (bytes.size() < kCrcBytes) return DataDamaged("the record of a snapshot is cut short");
  const absl::string_view body = bytes.substr(0, bytes.size() - kCrcBytes);
  if (ByteReader(bytes.substr(body.size())).U32() != MaskedCrc32c(body)) {
    return DataDamaged("the record of a snapshot is damaged");
  }
  ByteReader reader(body);
  const uint8_t version = reader.U8();
  if (version > kRecordVersion) {
    return absl::FailedPreconditionError(absl::StrCat("the record of a snapshot has version ", version,
                                                      " of a newer Engram; this one reads versions up to ",
                                                      kRecordVersion, ": use the newer Engram"));
  }
  if (version == 0) return DataDamaged("the record of a snapshot has no version");
  SnapshotRecord record;
  record.name = std::string(reader.Text());
  record.create_time = absl::FromUnixNanos(reader.I64());
  const uint32_t count = reader.U32();
  for (uint32_t i = 0; i < count && reader.ok(); ++i) {
    record.files.push_back({std::string(reader.Text()), 0});
    record.files.back().bytes = reader.I64();
  }
  if (!reader.IsExact()) return DataDamaged("the record of a snapshot makes no sense");
  return record;
}

absl::StatusOr<std::vector<SnapshotRecord::File>> ListSnapshotFiles(rocksdb::Env* env,
                                                                    const std::string& folder) {
  std::vector<std::string> names;
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(ListFolder(env->GetFileSystem().get(), folder, &names), folder));
  std::vector<SnapshotRecord::File> files;
  for (const std::string& name : names) {
    if (name == kSnapshotRecordName) continue;
    uint64_t bytes = 0;
    const std::string path = absl::StrCat(folder, "/", name);
    ENGRAM_RETURN_IF_ERROR(ToReadStatus(env->GetFileSize(path, &bytes), path));
    files.push_back({name, static_cast<int64_t>(bytes)});
  }
  return files;
}

absl::StatusOr<SnapshotRecord> ReadSnapshotRecord(rocksdb::Env* env, const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/", kSnapshotRecordName);
  std::string bytes;
  ENGRAM_RETURN_IF_ERROR(ToReadStatus(rocksdb::ReadFileToString(env, path, &bytes), path));
  absl::StatusOr<SnapshotRecord> record = DecodeSnapshotRecord(bytes);
  if (!record.ok()) {
    const std::string text = absl::StrCat(path, ": ", record.status().message());
    return absl::IsDataLoss(record.status()) ? DataDamaged(text) : absl::FailedPreconditionError(text);
  }
  ENGRAM_ASSIGN_OR_RETURN(const std::vector<SnapshotRecord::File> files, ListSnapshotFiles(env, folder));
  std::map<std::string, int64_t> found;
  for (const SnapshotRecord::File& file : files) found[file.name] = file.bytes;
  for (const SnapshotRecord::File& file : record->files) {
    const auto it = found.find(file.name);
    if (it == found.end()) return DataDamaged(absl::StrCat(folder, "/", file.name, " is missing"));
    if (it->second != file.bytes) {
      return DataDamaged(
          absl::StrCat(folder, "/", file.name, " has ", it->second, " bytes, its record says ", file.bytes));
    }
  }
  return record;
}

}  // namespace engram
