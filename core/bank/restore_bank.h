#ifndef ENGRAM_CORE_BANK_RESTORE_BANK_H_
#define ENGRAM_CORE_BANK_RESTORE_BANK_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/bank/memory_banks.h"
#include "core/storage/snapshot_store.h"
#include "core/storage/stored_snapshot.h"

namespace engram {

// Makes a bank `new_name` of `banks` with the settings, patterns and version that the bank `name` of
// `snapshot` has, durable when it returns; its id is a new one. `on_taken` is called when its name is taken,
// from when on it is loading.
//
// NOT_FOUND: the snapshot has no bank of that name. ALREADY_EXISTS: `banks` has one named `new_name`.
// RESOURCE_EXHAUSTED: too many banks, or no memory, or no room on the disk. DATA_LOSS: what the snapshot has
// of the bank is damaged. Errors of `progress` and of the journal. After an error nothing has changed.
absl::StatusOr<std::shared_ptr<MemoryBank>> RestoreBank(const StoredSnapshot& snapshot,
                                                        const std::string& name, const std::string& new_name,
                                                        MemoryBanks* banks,
                                                        const std::function<void()>& on_taken,
                                                        const ProgressVisitor& progress);

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_RESTORE_BANK_H_
