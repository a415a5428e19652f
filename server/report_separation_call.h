#ifndef ENGRAM_SERVER_REPORT_SEPARATION_CALL_H_
#define ENGRAM_SERVER_REPORT_SEPARATION_CALL_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/time/time.h"
#include "core/bank/memory_budget.h"
#include "core/engine/call.h"
#include "server/parse_recall.h"
#include "server/stream_call.h"

namespace engram {

// A ReportSeparation: has the engine look at a few patterns at a time, tells how far it is now and then, and
// reports when all are done.
class ReportSeparationCall final : public ResponseStreamCall {
 public:
  using ResponseStreamCall::ResponseStreamCall;

 protected:
  absl::Status Begin(const grpc::ByteBuffer& request) override;
  bool done() const override { return reported_; }
  void Continue() override;

 private:
  // Takes the separations of the patterns that were looked at, and goes on.
  void Take(const SeparateResult& result);
  void SendReport();
  int64_t done_count() const { return static_cast<int64_t>(separations_.size()); }

  ReportCall call_;
  std::optional<BankSnapshot> bank_;
  Reservation reservation_;  // Pays for separations_.
  std::vector<PatternSeparation> separations_;
  absl::Time last_sent_;
  bool reported_ = false;
};

}  // namespace engram

#endif  // ENGRAM_SERVER_REPORT_SEPARATION_CALL_H_
