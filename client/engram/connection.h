#ifndef ENGRAM_CLIENT_CONNECTION_H_
#define ENGRAM_CLIENT_CONNECTION_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engram/stream.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram {

// Where and how to reach a server.
struct ConnectionOptions {
  // A gRPC target: "host:port", "unix:/path/of/socket", "dns:///name:port".
  std::string target = "localhost:7411";

  // Largest message in bytes, either way. Match the server's --max-message-bytes.
  int64_t max_message_bytes = int64_t{64} << 20;

  // Deadline of each call that is answered by one message, retries included. Of a stream, which may go on for
  // as long as it likes, the longest wait for the other side: for its next message, or until it takes one.
  absl::Duration timeout = absl::InfiniteDuration();

  // Tries of an idempotent call that finds the server UNAVAILABLE, the first included, 1 to 5
  // (gRPC's own bound); with exponential backoff from 0.1 s to 2 s. 1: no retries.
  int max_attempts = 5;
};

// The call BulkStore: one Start, then Chunks, then one Finish, each answered by one response or more.
using BulkStoreStream = Stream<v1::BulkStoreRequest, v1::BulkStoreResponse>;

// The call RetrieveStream: one response for each request, in order.
using RetrieveStream = Stream<v1::RetrieveRequest, v1::RetrieveResponse>;

// One server, one virtual method for each RPC of engram.v1.AssociativeMemory; mock it to test code that
// uses Client.
//
// Methods whose responses are a stream call `on_message` with each, in order and in the calling thread, and
// return when the stream has ended. When `on_message` returns false they cancel the call and return OK.
//
// Errors are those that proto/engram/v1/associative_memory.proto lists, with their codes. Their details
// (proto/engram/v1/error.proto) are payloads of the status, under the type URLs of google.rpc.ErrorInfo,
// BadRequest and RetryInfo.
// Thread-safe.
class Connection {
 public:
  virtual ~Connection() = default;

  // Largest message in bytes that the connection sends.
  virtual int64_t max_message_bytes() const = 0;

  virtual absl::StatusOr<v1::CreateBankResponse> CreateBank(const v1::CreateBankRequest& request) = 0;
  virtual absl::StatusOr<v1::GetBankResponse> GetBank(const v1::GetBankRequest& request) = 0;
  virtual absl::StatusOr<v1::ListBanksResponse> ListBanks(const v1::ListBanksRequest& request) = 0;
  virtual absl::StatusOr<v1::UpdateBankResponse> UpdateBank(const v1::UpdateBankRequest& request) = 0;
  virtual absl::StatusOr<v1::DeleteBankResponse> DeleteBank(const v1::DeleteBankRequest& request) = 0;
  virtual absl::StatusOr<v1::StoreResponse> Store(const v1::StoreRequest& request) = 0;
  virtual std::unique_ptr<BulkStoreStream> BulkStore() = 0;
  virtual absl::StatusOr<v1::GetPatternsResponse> GetPatterns(const v1::GetPatternsRequest& request) = 0;
  virtual absl::Status ScanPatterns(
      const v1::ScanPatternsRequest& request,
      const std::function<bool(const v1::ScanPatternsResponse&)>& on_message) = 0;
  virtual absl::StatusOr<v1::DeletePatternsResponse> DeletePatterns(
      const v1::DeletePatternsRequest& request) = 0;
  virtual absl::StatusOr<v1::RetrieveResponse> Retrieve(const v1::RetrieveRequest& request) = 0;
  virtual std::unique_ptr<engram::RetrieveStream> RetrieveStream() = 0;
  virtual absl::StatusOr<v1::EnergyResponse> Energy(const v1::EnergyRequest& request) = 0;
  virtual absl::StatusOr<v1::DifferentiateResponse> Differentiate(
      const v1::DifferentiateRequest& request) = 0;
  virtual absl::Status Recall(const v1::RecallRequest& request,
                              const std::function<bool(const v1::RecallResponse&)>& on_message) = 0;
  virtual absl::Status ReportSeparation(
      const v1::ReportSeparationRequest& request,
      const std::function<bool(const v1::ReportSeparationResponse&)>& on_message) = 0;
  virtual absl::Status CreateSnapshot(
      const v1::CreateSnapshotRequest& request,
      const std::function<bool(const v1::CreateSnapshotResponse&)>& on_message) = 0;
  virtual absl::StatusOr<v1::GetSnapshotResponse> GetSnapshot(const v1::GetSnapshotRequest& request) = 0;
  virtual absl::StatusOr<v1::ListSnapshotsResponse> ListSnapshots(
      const v1::ListSnapshotsRequest& request) = 0;
  virtual absl::Status VerifySnapshot(
      const v1::VerifySnapshotRequest& request,
      const std::function<bool(const v1::VerifySnapshotResponse&)>& on_message) = 0;
  virtual absl::Status RestoreBank(const v1::RestoreBankRequest& request,
                                   const std::function<bool(const v1::RestoreBankResponse&)>& on_message) = 0;
  virtual absl::StatusOr<v1::DeleteSnapshotResponse> DeleteSnapshot(
      const v1::DeleteSnapshotRequest& request) = 0;
  virtual absl::StatusOr<v1::GetCapabilitiesResponse> GetCapabilities(
      const v1::GetCapabilitiesRequest& request) = 0;

  // Asks the standard health service about `service`: "" is the whole server, "bank/NAME" one bank.
  // OK: serving. UNAVAILABLE: not serving, or not reachable. NOT_FOUND: the server does not know it.
  virtual absl::Status CheckHealth(const std::string& service) = 0;
};

// Connects to `options.target` over gRPC without transport security. Returns at once: the channel
// connects with the first call, and again whenever it breaks.
std::shared_ptr<Connection> MakeConnection(const ConnectionOptions& options);

}  // namespace engram

#endif  // ENGRAM_CLIENT_CONNECTION_H_
