#include "engram/internal/chunk_sender.h"

#include <utility>

namespace engram::internal {

ChunkSender::~ChunkSender() {
  {
    absl::MutexLock lock(&mutex_);
    is_done_ = true;
  }
  thread_.join();
}

void ChunkSender::Send(std::shared_ptr<const v1::BulkStoreRequest> request) {
  absl::MutexLock lock(&mutex_);
  queue_.push_back(std::move(request));
}

std::shared_ptr<const v1::BulkStoreRequest> ChunkSender::Take() {
  absl::MutexLock lock(&mutex_);
  const auto has_news = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return is_done_ || !queue_.empty(); };
  mutex_.Await(absl::Condition(&has_news));
  if (is_done_) return nullptr;
  std::shared_ptr<const v1::BulkStoreRequest> request = std::move(queue_.front());
  queue_.pop_front();
  return request;
}

void ChunkSender::Run() {
  while (const std::shared_ptr<const v1::BulkStoreRequest> request = Take()) {
    if (!stream_->Write(*request)) return;
  }
}

}  // namespace engram::internal
