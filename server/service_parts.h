#ifndef ENGRAM_SERVER_SERVICE_PARTS_H_
#define ENGRAM_SERVER_SERVICE_PARTS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/bank/memory_banks.h"
#include "core/base/clock.h"
#include "core/base/status_macros.h"
#include "core/base/thread_pool.h"
#include "core/engine/engine.h"
#include "core/storage/journal.h"
#include "engram/v1/associative_memory.pb.h"
#include "server/call_counters.h"
#include "server/call_gate.h"
#include "server/limits.h"
#include "server/parse_request.h"
#include "server/parse_snapshot.h"
#include "server/uploads.h"

namespace engram {

// What the RPCs work with; all must outlive them.
struct ServiceParts {
  MemoryBanks* banks;
  MemoryBudget* budget;
  Journal* journal;
  SnapshotPlaces snapshots;
  Engine* engine;
  Uploads* uploads;
  ThreadPool* blocking_calls;  // Runs the handlers that may wait.
  CallGate* gate;
  CallCounters* calls;  // Every call counts its end.
  const Clock* clock;
  Limits limits;
  // What GetCapabilities answers, but for the counts.
  v1::GetCapabilitiesResponse capabilities;
  // Called after a bank was created or deleted, and when it is being restored: at the beginning, when it is
  // loading, and at the end.
  std::function<void(const std::string& bank)> on_bank_change;

  // The bank that a request's `field` names. INVALID_ARGUMENT, NOT_FOUND: there can be none, or is none.
  absl::StatusOr<std::shared_ptr<MemoryBank>> FindBank(const std::string& name, const char* field) const {
    ENGRAM_ASSIGN_OR_RETURN(const std::string parsed, ParseName(name, field));
    return banks->Find(parsed);
  }
};

}  // namespace engram

#endif  // ENGRAM_SERVER_SERVICE_PARTS_H_
