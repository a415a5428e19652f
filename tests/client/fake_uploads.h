#ifndef ENGRAM_TESTS_CLIENT_FAKE_UPLOADS_H_
#define ENGRAM_TESTS_CLIENT_FAKE_UPLOADS_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "engram/connection.h"
#include "engram/matrix.h"

namespace engram {

// A bank of patterns of one number that takes uploads as the proto says, over streams that break off when
// told to. Thread-safe.
class FakeUploads {
 public:
  // Writes and reads of all streams are events, counted from 0. The stream with the event of number `event`
  // breaks off there: what was to happen does not. With `lose_replies` the replies that are under way are
  // lost with it.
  void BreakAt(int64_t event, bool lose_replies) {
    absl::MutexLock lock(&mutex_);
    break_at_ = event;
    lose_replies_ = lose_replies;
  }
  // Every stream breaks off at its first event.
  void BreakAlways() {
    absl::MutexLock lock(&mutex_);
    break_always_ = true;
  }
  // The answer to a chunk that begins at `row` is `status`, the first `times` times.
  void FailAtRow(int64_t row, absl::Status status, int64_t times = std::numeric_limits<int64_t>::max()) {
    absl::MutexLock lock(&mutex_);
    fail_at_row_ = row;
    failure_ = std::move(status);
    failures_left_ = times;
  }
  // Replies to chunks wait until so many chunks are unanswered, or `rows` rows have arrived.
  void HoldReplies(int64_t chunks, int64_t rows) {
    absl::MutexLock lock(&mutex_);
    held_ = chunks;
    held_rows_ = rows;
  }
  // A stream that resumes begins with the ids of all rows so far.
  void RepeatIds() {
    absl::MutexLock lock(&mutex_);
    repeat_ids_ = true;
  }

  // What is visible, by id; ids that were not given begin at 100.
  std::map<uint64_t, float> rows() const {
    absl::MutexLock lock(&mutex_);
    return rows_;
  }
  int64_t events() const {
    absl::MutexLock lock(&mutex_);
    return events_;
  }
  int64_t streams() const {
    absl::MutexLock lock(&mutex_);
    return streams_;
  }
  // Chunks that the client had sent and not read the answer of, at most.
  int64_t most_ahead() const {
    absl::MutexLock lock(&mutex_);
    return most_ahead_;
  }
  int64_t largest_message() const {
    absl::MutexLock lock(&mutex_);
    return largest_message_;
  }
  int64_t chunks() const {
    absl::MutexLock lock(&mutex_);
    return chunks_;
  }

  std::unique_ptr<BulkStoreStream> Open() {
    absl::MutexLock lock(&mutex_);
    ++streams_;
    return std::make_unique<FakeStream>(this);
  }

 private:
  struct Upload {
    bool atomic = false;
    int64_t row_count = 0;
    std::vector<std::pair<uint64_t, float>> rows;
  };

  class FakeStream : public BulkStoreStream {
   public:
    explicit FakeStream(FakeUploads* server) : server_(server) {}

    bool Write(const v1::BulkStoreRequest& request) override {
      absl::MutexLock lock(&server_->mutex_);
      if (has_ended_ || !server_->Happens(this)) return false;
      server_->Take(request, this);
      return true;
    }
    void WritesDone() override {}
    bool Read(v1::BulkStoreResponse* response) override {
      absl::MutexLock lock(&server_->mutex_);
      const auto has_news = [this]() ABSL_SHARED_LOCKS_REQUIRED(server_->mutex_) {
        return has_ended_ || (!replies_.empty() && (!is_start_read_ || !server_->IsHeld(*this)));
      };
      server_->mutex_.Await(absl::Condition(&has_news));
      if (!has_ended_) server_->Happens(this);
      if (replies_.empty()) return false;
      *response = replies_.front();
      replies_.pop_front();
      if (!is_start_read_) {
        is_start_read_ = true;
      } else {
        --ahead_;
      }
      return true;
    }
    void Cancel() override {
      absl::MutexLock lock(&server_->mutex_);
      End(absl::CancelledError("cancelled"), true);
    }
    absl::Status Finish() override {
      absl::MutexLock lock(&server_->mutex_);
      return status_;
    }

    void End(absl::Status status, bool lose_replies) {
      if (has_ended_) return;
      has_ended_ = true;
      status_ = std::move(status);
      if (lose_replies) replies_.clear();
    }

    FakeUploads* const server_;
    // All below is guarded by the server's mutex.
    std::string upload_id_;
    std::deque<v1::BulkStoreResponse> replies_;
    int64_t ahead_ = 0;
    bool is_start_read_ = false;
    bool has_ended_ = false;
    absl::Status status_;
  };

  // Counts an event of `stream`; false: the stream breaks off.
  bool Happens(FakeStream* stream) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    if (events_++ != break_at_ && !break_always_) return true;
    stream->End(absl::UnavailableError("broken off"), lose_replies_);
    return false;
  }

  bool IsHeld(const FakeStream& stream) ABSL_SHARED_LOCKS_REQUIRED(mutex_) {
    const auto upload = uploads_.find(stream.upload_id_);
    return stream.ahead_ < held_ && upload != uploads_.end() && upload->second.row_count < held_rows_;
  }

  void Take(const v1::BulkStoreRequest& request, FakeStream* stream) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    largest_message_ = std::max(largest_message_, static_cast<int64_t>(request.ByteSizeLong()));
    if (request.has_start()) {
      Start(request.start(), stream);
    } else if (request.has_chunk()) {
      TakeChunk(request.chunk(), stream);
    } else {
      Finish(stream);
    }
  }

  void Start(const v1::BulkStoreRequest::Start& start, FakeStream* stream)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const bool resumes = !start.upload_id().empty();
    stream->upload_id_ = resumes ? start.upload_id() : absl::StrCat("upload-", ++upload_count_);
    if (resumes && uploads_.count(stream->upload_id_) == 0) {
      stream->End(absl::NotFoundError(absl::StrCat("no upload is named '", stream->upload_id_, "'")), false);
      return;
    }
    Upload& upload = uploads_[stream->upload_id_];
    upload.atomic = start.atomic();
    v1::BulkStoreResponse& reply = Reply(stream);
    if (!resumes || !repeat_ids_ || upload.atomic) return;
    for (const auto& [id, number] : upload.rows) reply.add_ids(id);
  }

  void TakeChunk(const v1::BulkStoreRequest::Chunk& chunk, FakeStream* stream)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Upload& upload = uploads_[stream->upload_id_];
    if (chunk.row_offset() != upload.row_count) {
      stream->End(absl::FailedPreconditionError(
                      absl::StrCat("row_offset: got ", chunk.row_offset(), ", expected ", upload.row_count)),
                  false);
      return;
    }
    if (chunk.row_offset() == fail_at_row_ && failures_left_ > 0) {
      --failures_left_;
      stream->End(failure_, false);
      return;
    }
    ++chunks_;
    most_ahead_ = std::max(most_ahead_, ++stream->ahead_);
    const size_t begin = upload.rows.size();
    const std::vector<float> numbers = *ToValues(chunk.patterns());
    for (size_t i = 0; i < numbers.size(); ++i) {
      const bool given = chunk.ids_size() > 0;
      upload.rows.emplace_back(given ? chunk.ids(static_cast<int>(i)) : next_id_++, numbers[i]);
    }
    upload.row_count += chunk.patterns().rows();
    if (!upload.atomic) Show(upload, begin);
    v1::BulkStoreResponse& reply = Reply(stream);
    for (size_t i = begin; i < upload.rows.size() && !upload.atomic; ++i) reply.add_ids(upload.rows[i].first);
  }

  void Finish(FakeStream* stream) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    Upload& upload = uploads_[stream->upload_id_];
    if (upload.atomic) {
      upload.atomic = false;
      Show(upload, 0);
      // In two replies.
      for (size_t i = 0; i < upload.rows.size(); ++i) {
        if (i == 0 || i == upload.rows.size() / 2) Reply(stream);
        stream->replies_.back().add_ids(upload.rows[i].first);
      }
    } else {
      Reply(stream);
    }
    stream->replies_.back().set_finished(true);
    uploads_.erase(stream->upload_id_);
  }

  void Show(const Upload& upload, size_t begin) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    for (size_t i = begin; i < upload.rows.size(); ++i) {
      // Numbers tell a row that is stored twice although it gets another id.
      rows_.emplace(upload.rows[i].first, upload.rows[i].second);
    }
    ++version_;
  }

  v1::BulkStoreResponse& Reply(FakeStream* stream) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const Upload& upload = uploads_[stream->upload_id_];
    v1::BulkStoreResponse reply;
    reply.set_upload_id(stream->upload_id_);
    reply.set_row_offset(upload.row_count);
    if (!upload.atomic) reply.set_version(version_);
    stream->replies_.push_back(std::move(reply));
    return stream->replies_.back();
  }

  mutable absl::Mutex mutex_;
  std::map<std::string, Upload> uploads_ ABSL_GUARDED_BY(mutex_);
  std::map<uint64_t, float> rows_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  int64_t fail_at_row_ ABSL_GUARDED_BY(mutex_) = -1;
  int64_t failures_left_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t break_at_ ABSL_GUARDED_BY(mutex_) = -1;
  bool lose_replies_ ABSL_GUARDED_BY(mutex_) = false;
  bool break_always_ ABSL_GUARDED_BY(mutex_) = false;
  bool repeat_ids_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t held_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t held_rows_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t events_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t streams_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t chunks_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t most_ahead_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t largest_message_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t upload_count_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t version_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t next_id_ ABSL_GUARDED_BY(mutex_) = 100;
};

}  // namespace engram

#endif  // ENGRAM_TESTS_CLIENT_FAKE_UPLOADS_H_
