#include "server/recall_stream_call.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "server/fill_recall.h"
#include "server/message_fits.h"
#include "server/parse_recall.h"

namespace engram {
namespace {

// What a recall takes for each pattern, at most one number of each: used_up has the bounds that it began
// with, what is left of them, two transformations with these (one of them to see whether anything is left)
// and a memory's weights; sequential recall has the penalties, a pair, weights and what they become. One more
// for the bounds in the request.
constexpr int64_t kBytesPerPattern = 6 * sizeof(double);

}  // namespace

absl::Status RecallStreamCall::Begin(const grpc::ByteBuffer& request) {
  v1::RecallRequest message;
  ENGRAM_RETURN_IF_ERROR(ParseMessage(request, &message));
  ENGRAM_ASSIGN_OR_RETURN(const auto found, parts().FindBank(message.bank(), "bank"));
  BankSnapshot bank = found->Pin();
  ENGRAM_ASSIGN_OR_RETURN(ParsedRecall parsed, ParseRecall(message, bank.settings()));
  ENGRAM_RETURN_IF_ERROR(CheckMessageFits(MemoryMessageBytes(bank.settings()), parts().limits));
  max_memories_ = parsed.max_memories > 0 ? parsed.max_memories : bank.pattern_count();
  encoding_ = parsed.encoding;
  parts().uploads->DropStale();
  ENGRAM_ASSIGN_OR_RETURN(
      reservation_, parts().budget->Reserve(bank.pattern_count() * kBytesPerPattern,
                                            absl::StrCat("a recall of ", bank.pattern_count(), " patterns")));
  ENGRAM_ASSIGN_OR_RETURN(recall_,
                          Recall::Begin(std::move(bank), std::move(parsed.plan), std::move(parsed.query)));
  return absl::OkStatus();
}

void RecallStreamCall::Continue() {
  const auto done = [this](const absl::StatusOr<Memory>& memory) {
    memory.ok() ? Send(FillMemory(*memory, recall_->bank(), encoding_)) : End(memory.status());
  };
  const absl::Status submitted =
      parts().engine->Recall({recall_, context().deadline(), context().cancellation()}, done);
  if (!submitted.ok()) End(submitted);
}

}  // namespace engram
