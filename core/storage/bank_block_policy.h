#ifndef ENGRAM_CORE_STORAGE_BANK_BLOCK_POLICY_H_
#define ENGRAM_CORE_STORAGE_BANK_BLOCK_POLICY_H_

#include "rocksdb/flush_block_policy.h"

namespace engram {

// Begins a new block where a new bank begins, so that no two banks share one: a damaged block damages one
// bank. Otherwise blocks are as large as the options say.
class BankBlockPolicyFactory : public rocksdb::FlushBlockPolicyFactory {
 public:
  const char* Name() const override { return "engram.BankBlockPolicy"; }
  rocksdb::FlushBlockPolicy* NewFlushBlockPolicy(
      const rocksdb::BlockBasedTableOptions& table_options,
      const rocksdb::BlockBuilder& data_block_builder) const override;
};

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_BANK_BLOCK_POLICY_H_
