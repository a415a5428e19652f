#include "core/storage/bank_block_policy.h"

#include <memory>
#include <string>
#include <utility>

#include "core/storage/storage_key.h"

namespace engram {
namespace {

class BankBlockPolicy : public rocksdb::FlushBlockPolicy {
 public:
  explicit BankBlockPolicy(std::unique_ptr<rocksdb::FlushBlockPolicy> by_size)
      : by_size_(std::move(by_size)) {}

  bool Update(const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    const bool is_full = by_size_->Update(key, value);
    const rocksdb::Slice bank(key.data(), std::min(key.size(), kKeyNumberBytes));
    const bool is_other_bank = !bank_.empty() && bank != rocksdb::Slice(bank_);
    if (is_other_bank || bank_.empty()) bank_ = bank.ToString();
    return is_full || is_other_bank;
  }

 private:
  const std::unique_ptr<rocksdb::FlushBlockPolicy> by_size_;
  std::string bank_;  // Of the last key.
};

}  // namespace

rocksdb::FlushBlockPolicy* BankBlockPolicyFactory::NewFlushBlockPolicy(
    const rocksdb::BlockBasedTableOptions& table_options,
    const rocksdb::BlockBuilder& data_block_builder) const {
  // RocksDB takes what this returns.
  return new BankBlockPolicy(std::unique_ptr<rocksdb::FlushBlockPolicy>(
      rocksdb::FlushBlockBySizePolicyFactory().NewFlushBlockPolicy(table_options, data_block_builder)));
}

}  // namespace engram
