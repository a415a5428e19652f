#ifndef ENGRAM_SERVER_PARSE_RECALL_H_
#define ENGRAM_SERVER_PARSE_RECALL_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "core/engine/recall.h"
#include "core/storage/bank_settings.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram {

// As in parse_request.h, for the streams that go through a bank. All errors are INVALID_ARGUMENT.

struct ParsedRecall {
  RecallPlan plan;
  std::vector<double> query;  // [D]
  int64_t max_memories = 0;   // 0: as many as there are patterns.
  v1::MatrixEncoding encoding = v1::MATRIX_ENCODING_BYTES;
};
absl::StatusOr<ParsedRecall> ParseRecall(const v1::RecallRequest& request, const BankSettings& bank);

struct ReportCall {
  Dynamics dynamics;
  int64_t max_pairs = 0;
  int bins = 0;
};
absl::StatusOr<ReportCall> ParseReportSeparation(const v1::ReportSeparationRequest& request,
                                                 const BankSettings& bank);

}  // namespace engram

#endif  // ENGRAM_SERVER_PARSE_RECALL_H_
