#include "server/bulk_store_call.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/fill_response.h"
#include "server/log.h"
#include "server/parse_request.h"

namespace engram {
namespace {

const char* StepName(const v1::BulkStoreRequest& request) {
  switch (request.step_case()) {
    case v1::BulkStoreRequest::kStart:
      return "start";
    case v1::BulkStoreRequest::kChunk:
      return "chunk";
    case v1::BulkStoreRequest::kFinish:
      return "finish";
    case v1::BulkStoreRequest::STEP_NOT_SET:
      break;
  }
  return "none";
}

}  // namespace

BulkStoreCall::BulkStoreCall(grpc::CallbackServerContext* context, const ServiceParts* parts)
    : StreamCall(context, parts, Method::kBulkStore) {
  StartRead(&read_);
}

void BulkStoreCall::OnReadDone(bool ok) {
  if (!ok) return End(AtHalfClose());
  const absl::Status status = Enter(static_cast<int64_t>(read_.Length()));
  if (!status.ok()) return End(status);
  Schedule([this] { Serve(); });
}

void BulkStoreCall::OnWriteDone(bool ok) { ok ? SendReplies() : End(CallCancelled()); }

absl::Status BulkStoreCall::AtHalfClose() const {
  if (context().cancellation()->cancelled()) return CallCancelled();
  if (finished_) return absl::OkStatus();
  if (!has_begun()) return InvalidField("step", "the end of the stream", "start, as the first message");
  ErrorDetails details;
  details.reason = "UPLOAD_UNFINISHED";
  details.metadata = {{"upload_id", upload_id_}, {"row_offset", absl::StrCat(row_offset_)}};
  return MakeError(absl::StatusCode::kFailedPrecondition, details,
                   absl::StrCat("the stream ended without finish; resume with upload_id ", upload_id_,
                                " at row_offset ", row_offset_));
}

absl::StatusOr<std::shared_ptr<Upload>> BulkStoreCall::FindUpload() const {
  ENGRAM_ASSIGN_OR_RETURN(const auto bank, parts().banks->Find(bank_));
  return parts().uploads->Find(upload_id_, *bank);
}

void BulkStoreCall::Serve() {
  v1::BulkStoreRequest request;
  absl::Status status = ParseMessage(read_, &request);
  if (status.ok()) status = Take(request);
  status.ok() ? SendReplies() : End(status);
}

absl::Status BulkStoreCall::Take(const v1::BulkStoreRequest& request) {
  const bool fits = !finished_ && request.has_start() != has_begun();
  if (fits && request.has_start()) return Begin(request.start());
  if (fits && request.has_chunk()) return Add(request.chunk());
  if (fits && request.has_finish()) return FinishUpload();
  return InvalidField("step", StepName(request),
                      finished_     ? "nothing after finish"
                      : has_begun() ? "chunk or finish after start"
                                    : "start, as the first message");
}

absl::Status BulkStoreCall::Begin(const v1::BulkStoreRequest::Start& start) {
  ENGRAM_ASSIGN_OR_RETURN(const auto bank, parts().FindBank(start.bank(), "start.bank"));
  ENGRAM_ASSIGN_OR_RETURN(const auto upload, start.upload_id().empty()
                                                 ? parts().uploads->Begin(bank, start.atomic())
                                                 : parts().uploads->Find(start.upload_id(), *bank));
  bank_ = start.bank();
  upload_id_ = upload->id();
  stream_ = upload->Attach();
  attached_ = upload;
  Reply(upload->progress());
  return absl::OkStatus();
}

absl::Status BulkStoreCall::Add(v1::BulkStoreRequest::Chunk chunk) {
  const auto bytes = static_cast<int64_t>(chunk.ByteSizeLong());
  if (bytes > Limits::kMaxChunkBytes) {
    return InvalidField("chunk", absl::StrCat(bytes, " bytes"),
                        absl::StrCat("at most ", Limits::kMaxChunkBytes, " bytes; send several"));
  }
  ENGRAM_ASSIGN_OR_RETURN(const auto upload, FindUpload());
  const int64_t row_offset = chunk.row_offset();
  const absl::StatusOr<StoreCall> call = ParseChunk(std::move(chunk), *upload->bank()->settings());
  if (!call.ok()) return Within("chunk", call.status());
  // Before anything is stored: an answer that cannot be sent would look like a failure.
  if (!upload->atomic()) ENGRAM_RETURN_IF_ERROR(CheckStoreFits(call->patterns.rows, parts().limits));
  const absl::StatusOr<Upload::Progress> progress = upload->Add(stream_, row_offset, call->rows());
  if (!progress.ok()) return Within("chunk", progress.status());
  Reply(*progress);
  return absl::OkStatus();
}

absl::Status BulkStoreCall::FinishUpload() {
  ENGRAM_ASSIGN_OR_RETURN(const auto upload, FindUpload());
  ENGRAM_ASSIGN_OR_RETURN(const Upload::Progress progress, upload->Finish(stream_));
  parts().uploads->Remove(upload_id_);
  finished_ = true;
  Reply(progress);
  replies_.back().set_finished(true);
  return absl::OkStatus();
}

void BulkStoreCall::Reply(const Upload::Progress& progress) {
  row_offset_ = progress.row_offset;
  const auto ids_per_reply = static_cast<size_t>(MaxStoredIds(parts().limits));
  size_t begin = 0;
  do {
    const size_t end = std::min(progress.ids.size(), begin + ids_per_reply);
    v1::BulkStoreResponse& reply = replies_.emplace_back();
    reply.set_upload_id(upload_id_);
    reply.set_row_offset(progress.row_offset);
    reply.set_version(progress.version);
    reply.mutable_ids()->Add(progress.ids.begin() + begin, progress.ids.begin() + end);
    begin = end;
  } while (begin < progress.ids.size());
}

void BulkStoreCall::BeforeEnd(const absl::Status& status) {
  const std::shared_ptr<Upload> upload = attached_.lock();
  if (upload == nullptr || !upload->Detach(stream_)) return;
  // The same step would fail again.
  if (status.code() == absl::StatusCode::kInvalidArgument) parts().uploads->Remove(upload_id_);
}

void BulkStoreCall::SendReplies() {
  if (replies_.empty()) return StartRead(&read_);
  const v1::BulkStoreResponse reply = std::move(replies_.front());
  replies_.pop_front();
  Send(reply);
}

}  // namespace engram
