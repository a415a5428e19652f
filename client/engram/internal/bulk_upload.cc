#include "engram/internal/bulk_upload.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "engram/internal/chunk_sender.h"
#include "engram/internal/resume.h"

namespace engram::internal {
namespace {

// What the server takes in one chunk.
constexpr int64_t kMaxChunkBytes = int64_t{1} << 20;

// Why a stream ended from which nothing more can be read.
absl::Status WhyEnded(BulkStoreStream* stream) {
  const absl::Status status = stream->Finish();
  return status.ok() ? absl::InternalError("the server ended the upload before it was finished") : status;
}

}  // namespace

absl::StatusOr<BulkStored> BulkUpload::Run() {
  absl::Status status = Attempt();
  while (!status.ok() && !IsStored()) {
    const std::optional<absl::Duration> delay = FindResumeDelay(status);
    if (!delay.has_value() || !backoff_.WaitForNextTry(*delay)) return Describe(status);
    status = Attempt();
  }
  stored_.row_count = acknowledged_;
  if (static_cast<int64_t>(stored_.ids.size()) != stored_.row_count) stored_.ids.clear();
  return std::move(stored_);
}

absl::Status BulkUpload::Attempt() {
  const std::unique_ptr<BulkStoreStream> stream = connection_->BulkStore();
  for (const auto step : {&BulkUpload::Start, &BulkUpload::SendRows, &BulkUpload::Finish}) {
    if (absl::Status status = (this->*step)(stream.get()); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status BulkUpload::Start(BulkStoreStream* stream) {
  v1::BulkStoreRequest request;
  request.mutable_start()->set_bank(options_.bank);
  request.mutable_start()->set_upload_id(upload_id_);
  request.mutable_start()->set_atomic(options_.atomic);
  v1::BulkStoreResponse reply;
  if (!stream->Write(request) || !stream->Read(&reply)) return WhyEnded(stream);
  upload_id_ = reply.upload_id();
  if (upload_id_.empty()) return absl::InternalError("the server did not name the upload");
  // All ids so far, should the server repeat those whose acknowledgement was lost.
  if (!ids_are_given_ && reply.ids_size() > 0 && reply.ids_size() == reply.row_offset()) stored_.ids.clear();
  return Acknowledge(reply);
}

absl::Status BulkUpload::SendRows(BulkStoreStream* stream) {
  absl::Status status;
  bool has_ended = false;
  {
    ChunkSender sender(stream);
    const auto send = [&sender](std::shared_ptr<const v1::BulkStoreRequest> chunk) {
      sender.Send(std::move(chunk));
    };
    for (const auto& chunk : pending_) send(chunk);
    status = FillPending(send);
    while (status.ok() && !pending_.empty() && !has_ended) {
      v1::BulkStoreResponse reply;
      has_ended = !stream->Read(&reply);
      if (!has_ended) status = Acknowledge(reply);
      if (!has_ended && status.ok()) status = FillPending(send);
    }
    if (!status.ok()) stream->Cancel();
  }
  return has_ended ? WhyEnded(stream) : status;
}

absl::Status BulkUpload::Finish(BulkStoreStream* stream) {
  v1::BulkStoreRequest request;
  request.mutable_finish();
  finish_was_sent_ = true;
  if (!stream->Write(request)) return WhyEnded(stream);
  v1::BulkStoreResponse reply;
  while (stream->Read(&reply)) {
    finish_was_answered_ = true;
    if (const absl::Status status = Acknowledge(reply); !status.ok()) return status;
    if (!reply.finished()) continue;
    (void)stream->Finish();  // The upload is finished, whatever becomes of the stream.
    return absl::OkStatus();
  }
  return WhyEnded(stream);
}

absl::Status BulkUpload::FillPending(
    const std::function<void(std::shared_ptr<const v1::BulkStoreRequest>)>& send) {
  const int64_t max_bytes = std::min(kMaxChunkBytes, connection_->max_message_bytes());
  while (!source_is_empty_ && static_cast<int>(pending_.size()) < std::max(options_.chunks_ahead, 1)) {
    auto request = std::make_shared<v1::BulkStoreRequest>();
    v1::BulkStoreRequest::Chunk* chunk = request->mutable_chunk();
    if (const absl::Status status = source_->Next(max_bytes, chunk); !status.ok()) return status;
    source_is_empty_ = chunk->patterns().rows() == 0;
    if (source_is_empty_) break;
    chunk->set_row_offset(taken_);
    taken_ += chunk->patterns().rows();
    pending_.push_back(request);
    send(std::move(request));
  }
  return absl::OkStatus();
}

absl::Status BulkUpload::Acknowledge(const v1::BulkStoreResponse& reply) {
  const int64_t before = acknowledged_;
  while (!pending_.empty() && acknowledged_ < reply.row_offset()) {
    const v1::BulkStoreRequest::Chunk& chunk = pending_.front()->chunk();
    ids_are_given_ = chunk.ids_size() > 0;
    if (ids_are_given_) stored_.ids.insert(stored_.ids.end(), chunk.ids().begin(), chunk.ids().end());
    acknowledged_ += chunk.patterns().rows();
    pending_.pop_front();
  }
  if (acknowledged_ != reply.row_offset()) {
    return absl::InternalError(absl::StrCat("the server expects row ", reply.row_offset(),
                                            ", no chunk begins there: rows ", before, " to ", taken_,
                                            " are under way"));
  }
  if (!ids_are_given_) stored_.ids.insert(stored_.ids.end(), reply.ids().begin(), reply.ids().end());
  stored_.version = std::max(stored_.version, reply.version());
  if (acknowledged_ > before) {
    backoff_.Reset();
    if (progress_) progress_(acknowledged_);
  }
  return absl::OkStatus();
}

bool BulkUpload::IsStored() const {
  // Chunks that are not atomic are stored as they are acknowledged, and a server that answers the finish of
  // an atomic upload has stored it.
  return finish_was_sent_ && (!options_.atomic || finish_was_answered_);
}

absl::Status BulkUpload::Describe(const absl::Status& status) const {
  std::string text(status.message());
  absl::StatusCode code = status.code();
  if (options_.atomic && finish_was_sent_) {
    // A server that finished an upload no longer knows it.
    if (absl::IsNotFound(status)) code = absl::StatusCode::kUnknown;
    absl::StrAppend(&text, " (the connection broke off while the upload finished: whether its ",
                    acknowledged_, " rows are visible is not known)");
  } else if (acknowledged_ > 0) {
    absl::StrAppend(&text, " (after ", acknowledged_, " rows, ",
                    options_.atomic ? "of which none is visible)" : "which stay stored)");
  }
  absl::Status result(code, text);
  status.ForEachPayload([&result](absl::string_view type_url, const absl::Cord& payload) {
    result.SetPayload(type_url, payload);
  });
  return result;
}

}  // namespace engram::internal
