#include "core/bank/bank_loader.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/bank/bank_errors.h"
#include "core/base/status_macros.h"

namespace engram {

absl::StatusOr<std::unique_ptr<BankLoader>> BankLoader::Make(int64_t bank_id, BankSettings settings,
                                                             const BankCounts& counts,
                                                             const MemoryBank::Parts& parts) {
  ENGRAM_ASSIGN_OR_RETURN(Reservation reservation,
                          MemoryBank::ReserveWithoutRows(settings, parts.memory.budget));
  std::unique_ptr<BankLoader> loader(new BankLoader(bank_id,
                                                    std::make_shared<const BankSettings>(std::move(settings)),
                                                    counts, std::move(reservation), parts));
  ENGRAM_RETURN_IF_ERROR(loader->MakeRoom());
  return loader;
}

BankLoader::BankLoader(int64_t bank_id, std::shared_ptr<const BankSettings> settings,
                       const BankCounts& counts, Reservation reservation, const MemoryBank::Parts& parts)
    : bank_id_(bank_id),
      settings_(std::move(settings)),
      counts_(counts),
      parts_(parts),
      reservation_(std::move(reservation)),
      contents_(settings_, parts.memory) {}

absl::Status BankLoader::MakeRoom() {
  BankRows rows = contents_.rows();
  ENGRAM_RETURN_IF_ERROR(rows.MakeRoom(counts_.pattern_count));
  contents_.ReplaceRows(std::move(rows));
  index_.reserve(counts_.pattern_count);
  return absl::OkStatus();
}

absl::Status BankLoader::Add(const PatternRows& rows) {
  const int64_t count = loaded_ + rows.patterns.rows();
  if (count > counts_.pattern_count) return WrongCount(count);
  int64_t payload_bytes = 0;
  for (const std::string& payload : rows.payloads) payload_bytes += BankRows::PayloadBytes(payload);
  ENGRAM_ASSIGN_OR_RETURN(Reservation payload_memory, contents_.rows().ReservePayloads(payload_bytes));
  const std::vector<RowRef> added = contents_.Append(rows, counts_.version, std::move(payload_memory));
  for (size_t i = 0; i < added.size(); ++i) {
    const uint64_t id = rows.ids[i];
    if (id >= counts_.next_id) {
      return BankDamaged(settings_->name,
                         absl::StrCat("pattern ", id, " is not below the next id ", counts_.next_id));
    }
    if (!index_.emplace(id, added[i]).second) {
      return BankDamaged(settings_->name, absl::StrCat("pattern ", id, " is there twice"));
    }
  }
  contents_.CopyToDevice();  // Now, so that the device copies while the next are read.
  loaded_ = count;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<MemoryBank>> BankLoader::Finish() {
  if (loaded_ != counts_.pattern_count) return WrongCount(loaded_);
  contents_.SetVersion(counts_.version, counts_.next_id);
  return std::shared_ptr<MemoryBank>(new MemoryBank(bank_id_, settings_, std::move(contents_),
                                                    std::move(index_), std::move(reservation_), parts_));
}

absl::Status BankLoader::WrongCount(int64_t got) const {
  return BankDamaged(settings_->name,
                     absl::StrCat("got ", got, " patterns, its record says ", counts_.pattern_count));
}

}  // namespace engram
