#include "server/report_separation_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/engine/bank_checks.h"
#include "core/engine/separation_report.h"
#include "server/fill_recall.h"
#include "server/message_fits.h"

namespace engram {
namespace {

constexpr int64_t kPatternsAtATime = 256;
// A report leaves most of the queue to others.
constexpr int64_t kShareOfQueue = 4;
constexpr absl::Duration kProgressInterval = absl::Milliseconds(100);

}  // namespace

absl::Status ReportSeparationCall::Begin(const grpc::ByteBuffer& request) {
  v1::ReportSeparationRequest message;
  ENGRAM_RETURN_IF_ERROR(ParseMessage(request, &message));
  ENGRAM_ASSIGN_OR_RETURN(const auto bank, parts().FindBank(message.bank(), "bank"));
  bank_ = bank->Pin();
  ENGRAM_ASSIGN_OR_RETURN(call_, ParseReportSeparation(message, bank_->settings()));
  ENGRAM_RETURN_IF_ERROR(CheckFits(*bank_, call_.dynamics));
  const int64_t count = bank_->pattern_count();
  ENGRAM_RETURN_IF_ERROR(CheckMessageFits(ReportMessageBytes(call_, count), parts().limits));
  parts().uploads->DropStale();
  // Twice: the report sorts them.
  ENGRAM_ASSIGN_OR_RETURN(reservation_,
                          parts().budget->Reserve(2 * count * static_cast<int64_t>(sizeof(PatternSeparation)),
                                                  absl::StrCat("a report on ", count, " patterns")));
  separations_.reserve(count);
  last_sent_ = parts().clock->Now();
  return absl::OkStatus();
}

void ReportSeparationCall::Continue() {
  const int64_t count = bank_->pattern_count();
  if (done_count() == count) return SendReport();
  const int64_t queue_capacity = parts().capabilities.limits().queue_capacity();
  const int64_t most = std::clamp<int64_t>(queue_capacity / kShareOfQueue, 1, kPatternsAtATime);
  SeparateCall call;
  call.begin = done_count();
  call.end = std::min(count, call.begin + most);
  call.deadline = context().deadline();
  call.cancellation = context().cancellation();
  const auto done = [this](const absl::StatusOr<SeparateResult>& result) {
    result.ok() ? Take(*result) : End(result.status());
  };
  const absl::Status submitted = parts().engine->Separate(*bank_, std::move(call), done);
  if (!submitted.ok()) End(submitted);
}

void ReportSeparationCall::Take(const SeparateResult& result) {
  separations_.insert(separations_.end(), result.separations.begin(), result.separations.end());
  const absl::Time now = parts().clock->Now();
  if (done_count() == bank_->pattern_count() || now < last_sent_ + kProgressInterval) {
    return Schedule([this] { Continue(); });
  }
  last_sent_ = now;
  v1::ReportSeparationResponse progress;
  progress.set_done_count(done_count());
  progress.set_pattern_count(bank_->pattern_count());
  Send(progress);
}

void ReportSeparationCall::SendReport() {
  v1::ReportSeparationResponse response;
  response.set_done_count(done_count());
  response.set_pattern_count(bank_->pattern_count());
  const SeparationReport report =
      MakeSeparationReport(std::move(separations_), call_.dynamics, call_.bins, call_.max_pairs);
  FillReport(report, bank_->version(), response.mutable_report());
  reported_ = true;
  Send(response);
}

}  // namespace engram
