#include "core/storage/rocks_options.h"

#include <utility>

#include "core/storage/bank_block_policy.h"
#include "core/storage/rocks_logger.h"
#include "rocksdb/cache.h"
#include "rocksdb/table.h"

namespace engram {
namespace {

constexpr int64_t kBanksWriteBufferBytes = int64_t{1} << 20;
// A row is read when a bank is loaded and by compactions, neither of which comes back to a block.
constexpr size_t kBlockCacheBytes = size_t{4} << 20;
constexpr size_t kReadAheadBytes = size_t{4} << 20;

rocksdb::ColumnFamilyOptions MakeFamilyOptions(rocksdb::BlockBasedTableOptions table) {
  table.block_cache = rocksdb::NewLRUCache(kBlockCacheBytes);
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions options;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  options.compression = rocksdb::kNoCompression;
  options.memtable_protection_bytes_per_key = 8;
  options.level_compaction_dynamic_level_bytes = true;
  // Until StartCompactions: a compaction that meets damage before it is known stops all writes.
  options.disable_auto_compactions = true;
  return options;
}

}  // namespace

rocksdb::DBOptions MakeDbOptions(rocksdb::Env* env, StorageLog log, int64_t write_buffer_bytes) {
  rocksdb::DBOptions options;
  options.env = env;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.info_log = std::make_shared<RocksLogger>(std::move(log));
  options.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  options.paranoid_checks = true;
  options.track_and_verify_wals_in_manifest = true;
  options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // A server whose disk is full starts and answers: what the log holds needs no space if it fits in a buffer.
  options.avoid_flush_during_recovery = true;
  // What is read again at start-up, and written out then though the disk may be full: free_space.h keeps
  // more.
  options.max_total_wal_size = static_cast<uint64_t>(2 * write_buffer_bytes);
  // A data directory of which one file is unreadable opens as far as it can.
  options.max_open_files = 256;
  options.max_background_jobs = 2;
  options.db_host_id = "";  // Or every file says what the machine is called.
  options.stats_dump_period_sec = 0;
  options.stats_persist_period_sec = 0;
  return options;
}

rocksdb::ColumnFamilyOptions MakePatternsOptions(int64_t write_buffer_bytes) {
  rocksdb::BlockBasedTableOptions table;
  table.block_size = 256 << 10;
  table.flush_block_policy_factory = std::make_shared<BankBlockPolicyFactory>();
  rocksdb::ColumnFamilyOptions options = MakeFamilyOptions(std::move(table));
  options.write_buffer_size = static_cast<size_t>(write_buffer_bytes);
  return options;
}

rocksdb::ColumnFamilyOptions MakeBanksOptions() {
  rocksdb::ColumnFamilyOptions options = MakeFamilyOptions({});
  options.write_buffer_size = static_cast<size_t>(kBanksWriteBufferBytes);
  return options;
}

rocksdb::WriteOptions MakeWriteOptions(bool sync) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  options.protection_bytes_per_key = 8;
  return options;
}

rocksdb::ReadOptions MakeScanOptions() {
  rocksdb::ReadOptions options;
  options.verify_checksums = true;
  options.fill_cache = false;
  options.readahead_size = kReadAheadBytes;
  return options;
}

}  // namespace engram
