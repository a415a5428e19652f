#ifndef ENGRAM_CORE_STORAGE_ROCKS_OPTIONS_H_
#define ENGRAM_CORE_STORAGE_ROCKS_OPTIONS_H_

#include <cstdint>
#include <memory>

#include "core/storage/storage_log.h"
#include "rocksdb/options.h"

namespace engram {

constexpr char kBanksFamily[] = "banks";
constexpr char kPatternsFamily[] = "patterns";

// The settings of the database, the same in every use of it.
rocksdb::DBOptions MakeDbOptions(rocksdb::Env* env, StorageLog log, int64_t write_buffer_bytes);
// Of `patterns`: rows, written once, read only at start-up.
rocksdb::ColumnFamilyOptions MakePatternsOptions(int64_t write_buffer_bytes);
// Of `banks` and of the family that every database has: a few small records.
rocksdb::ColumnFamilyOptions MakeBanksOptions();

rocksdb::WriteOptions MakeWriteOptions(bool sync);
// Of one pass over the rows: verified, and not kept in memory, where the bank itself is.
rocksdb::ReadOptions MakeScanOptions();

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_ROCKS_OPTIONS_H_
