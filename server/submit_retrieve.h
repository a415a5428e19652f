#ifndef ENGRAM_SERVER_SUBMIT_RETRIEVE_H_
#define ENGRAM_SERVER_SUBMIT_RETRIEVE_H_

#include <grpcpp/support/byte_buffer.h>

#include <functional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engram/v1/associative_memory.pb.h"
#include "server/call_context.h"
#include "server/service_parts.h"

namespace engram {

// A retrieval, from the request to the bytes of the response: parse, find, submit, fill, serialize. `done`
// gets them as Engine::Retrieve says. If it returns an error, `done` is not called.
absl::Status SubmitRetrieve(const ServiceParts& parts, const v1::RetrieveRequest& request,
                            const CallContext& context,
                            std::function<void(absl::StatusOr<grpc::ByteBuffer>)> done);

}  // namespace engram

#endif  // ENGRAM_SERVER_SUBMIT_RETRIEVE_H_
