#ifndef ENGRAM_CLIENT_INTERNAL_CHUNK_SENDER_H_
#define ENGRAM_CLIENT_INTERNAL_CHUNK_SENDER_H_

#include <deque>
#include <memory>
#include <thread>

#include "absl/synchronization/mutex.h"
#include "engram/connection.h"

namespace engram::internal {

// Writes to a stream from a thread of its own, so that whoever sends can read meanwhile: a server whose
// acknowledgements nobody reads may stop reading, too.
class ChunkSender {
 public:
  // `stream` outlives this object; nobody else writes to it meanwhile.
  explicit ChunkSender(BulkStoreStream* stream) : stream_(stream), thread_([this] { Run(); }) {}

  // Drops what was not yet written. REQUIRES: what was written is acknowledged, or the call has ended or
  // been cancelled; else this waits for a server that may not be reading.
  ~ChunkSender();

  ChunkSender(const ChunkSender&) = delete;
  ChunkSender& operator=(const ChunkSender&) = delete;

  // Returns at once; requests are written in order. Those after one that could not be written are dropped: a
  // Read of the stream tells.
  void Send(std::shared_ptr<const v1::BulkStoreRequest> request);

 private:
  void Run();
  // The next request; null: there will be none.
  std::shared_ptr<const v1::BulkStoreRequest> Take();

  BulkStoreStream* const stream_;
  absl::Mutex mutex_;
  std::deque<std::shared_ptr<const v1::BulkStoreRequest>> queue_ ABSL_GUARDED_BY(mutex_);
  bool is_done_ ABSL_GUARDED_BY(mutex_) = false;
  // The last member: it uses the others.
  std::thread thread_;
};

}  // namespace engram::internal

#endif  // ENGRAM_CLIENT_INTERNAL_CHUNK_SENDER_H_
