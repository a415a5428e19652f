#ifndef ENGRAM_SERVER_CALL_COUNTERS_H_
#define ENGRAM_SERVER_CALL_COUNTERS_H_

#include <grpcpp/support/status.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "core/base/counter.h"

namespace engram {

// The RPCs of engram.v1.AssociativeMemory, in the order of the proto file.
enum class Method {
  kCreateBank,
  kGetBank,
  kListBanks,
  kUpdateBank,
  kDeleteBank,
  kStore,
  kBulkStore,
  kGetPatterns,
  kScanPatterns,
  kDeletePatterns,
  kRetrieve,
  kRetrieveStream,
  kEnergy,
  kDifferentiate,
  kRecall,
  kReportSeparation,
  kCreateSnapshot,
  kGetSnapshot,
  kListSnapshots,
  kVerifySnapshot,
  kRestoreBank,
  kDeleteSnapshot,
  kGetCapabilities,
};
inline constexpr const char* kMethodNames[] = {
    "CreateBank",    "GetBank",        "ListBanks",    "UpdateBank",       "DeleteBank",     "Store",
    "BulkStore",     "GetPatterns",    "ScanPatterns", "DeletePatterns",   "Retrieve",       "RetrieveStream",
    "Energy",        "Differentiate",  "Recall",       "ReportSeparation", "CreateSnapshot", "GetSnapshot",
    "ListSnapshots", "VerifySnapshot", "RestoreBank",  "DeleteSnapshot",   "GetCapabilities"};
inline constexpr size_t kMethods = std::size(kMethodNames);

// gRPC's codes are the numbers from OK, 0, to UNAUTHENTICATED, 16.
inline constexpr size_t kCodes = 17;

// How the calls of one RPC have ended. Thread-safe.
class MethodCounters {
 public:
  // A call ends with `code`. Before the caller can know, so that what he then reads has it.
  void Count(grpc::StatusCode code) { ends_[static_cast<size_t>(code)].Add(1); }
  int64_t count(grpc::StatusCode code) const { return ends_[static_cast<size_t>(code)].value(); }

 private:
  std::array<Counter, kCodes> ends_;
};

// The same of all RPCs.
class CallCounters {
 public:
  MethodCounters* of(Method method) { return &methods_[static_cast<size_t>(method)]; }
  const MethodCounters* of(Method method) const { return &methods_[static_cast<size_t>(method)]; }

 private:
  std::array<MethodCounters, kMethods> methods_;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_CALL_COUNTERS_H_
