#ifndef ENGRAM_CLIENT_STREAM_H_
#define ENGRAM_CLIENT_STREAM_H_

#include "absl/status/status.h"

namespace engram {

// One call whose requests and responses are both streams.
//
// Thread safety: one thread may Write while another one Reads, so that neither waits for the other; Cancel is
// safe at any time. Finish needs both of them to have returned. Which response answers which request is the
// RPC's business.
template <typename Request, typename Response>
class Stream {
 public:
  // Cancels the call unless it was finished.
  virtual ~Stream() = default;

  // Sends a request; waits while the other side takes no more. False: the call has ended, and Finish tells
  // why; responses that came before may still be read.
  virtual bool Write(const Request& request) = 0;

  // Says that no more requests come. REQUIRES: no Write is under way, and none follows.
  virtual void WritesDone() = 0;

  // Waits for the next response. False: the call has ended, and Finish tells why.
  virtual bool Read(Response* response) = 0;

  // Ends the call early: Write and Read return false soon, and Finish returns CANCELLED.
  virtual void Cancel() = 0;

  // The status with which the call ended; drops the responses that were not read, and waits for them.
  // REQUIRES: not called before; Write and Read are not called after.
  virtual absl::Status Finish() = 0;
};

}  // namespace engram

#endif  // ENGRAM_CLIENT_STREAM_H_
