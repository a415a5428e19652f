#ifndef ENGRAM_CLIENT_CLIENT_H_
#define ENGRAM_CLIENT_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engram/bulk_store.h"
#include "engram/connection.h"
#include "engram/matrix.h"
#include "engram/retry.h"
#include "engram/row_source.h"
#include "engram/v1/associative_memory.pb.h"

namespace engram {

// A client of an Engram server.
//
//   engram::ConnectionOptions options;
//   options.target = "localhost:7411";
//   const engram::Client client = engram::Client::Connect(options);
//   absl::StatusOr<engram::v1::RetrieveResponse> recalled = client.Retrieve(request);
//
// Equality: copies share one connection.
//
// Performance: creating the first Client for a target opens a channel, which is expensive; copies
// and calls are cheap.
//
// Thread safety: concurrent calls on one instance are safe, except assignment.
//
// Error handling: every call returns an absl::Status whose code says what to do about it, as
// listed in proto/engram/v1/associative_memory.proto. Calls marked idempotent are retried by gRPC
// when the server is UNAVAILABLE; BulkStore and ScanPatterns go on where they stopped. The client does not
// repeat the server's validation.
class Client {
 public:
  // Uses `connection`, which may be a mock.
  explicit Client(std::shared_ptr<Connection> connection);

  // A client over MakeConnection(options).
  static Client Connect(const ConnectionOptions& options);

  // Creates an empty bank. Not idempotent.
  absl::StatusOr<v1::Bank> CreateBank(const v1::CreateBankRequest& request) const;

  // Returns the settings and counts of a bank. Idempotent.
  absl::StatusOr<v1::Bank> GetBank(const std::string& name) const;

  // Returns all banks by ascending name, page by page. Idempotent.
  absl::StatusOr<std::vector<v1::Bank>> ListBanks() const;

  // Changes a bank's default dynamics or limits, those that the mask names; returns the bank as changed.
  // Idempotent.
  absl::StatusOr<v1::Bank> UpdateBank(const v1::UpdateBankRequest& request) const;

  // Deletes a bank and all its patterns. Not idempotent.
  absl::Status DeleteBank(const std::string& name) const;

  // Stores patterns [n, D]. A request that would exceed the connection's message limit goes as several calls,
  // each all or nothing. With `progress` calls are at most 4 MiB, and it is called after each with the number
  // of patterns acknowledged so far. On an error the calls before stay stored; the status tells how many
  // patterns that is. Never retried: without ids, a repeated Store stores twice.
  absl::StatusOr<v1::StoreResponse> Store(const v1::StoreRequest& request,
                                          const std::function<void(int64_t)>& progress = nullptr) const;

  // Stores the rows of `source` in chunks of at most 1 MiB, which it asks for as they are sent. Calls
  // `progress` with the number of rows acknowledged so far, and calls both in this thread.
  //
  // When the server is UNAVAILABLE, or busy, goes on at the row that it has reached, after a delay: no row is
  // stored twice, and none is asked for twice. The rows of an upload that fails stay stored as far as they
  // were acknowledged, unless it is atomic; the status tells how many. UNKNOWN: the connection broke off
  // while an atomic upload finished, and whether it did cannot be found out. Not idempotent unless the rows
  // have ids: a repeated BulkStore stores twice.
  absl::StatusOr<BulkStored> BulkStore(const BulkStoreOptions& options, RowSource* source,
                                       const std::function<void(int64_t)>& progress = nullptr) const;

  // BulkStore of the rows of `request`, whose bank is not looked at.
  absl::StatusOr<BulkStored> BulkStore(const BulkStoreOptions& options, const v1::StoreRequest& request,
                                       const std::function<void(int64_t)>& progress = nullptr) const;

  // Calls `on_chunk` with all patterns by ascending id, chunk by chunk, until it returns false; then the
  // status is OK. When the server is UNAVAILABLE, or busy, goes on after the last chunk: no pattern
  // comes twice, but what comes then may be of a newer version. Idempotent.
  absl::Status ScanPatterns(const v1::ScanPatternsRequest& request,
                            const std::function<bool(const v1::ScanPatternsResponse&)>& on_chunk,
                            const RetryOptions& retry = RetryOptions()) const;

  // Returns patterns by id. Idempotent.
  absl::StatusOr<v1::GetPatternsResponse> GetPatterns(const v1::GetPatternsRequest& request) const;

  // Deletes patterns by id. Not retried.
  absl::StatusOr<v1::DeletePatternsResponse> DeletePatterns(const v1::DeletePatternsRequest& request) const;

  // Runs the dynamics from each query [B, D]. Idempotent.
  absl::StatusOr<v1::RetrieveResponse> Retrieve(const v1::RetrieveRequest& request) const;

  // Opens a stream of retrievals: requests are pipelined, responses come in their order. Not retried; the
  // requests that got no response may be sent again on a new stream.
  std::unique_ptr<engram::RetrieveStream> RetrieveStream() const;

  // Returns the energy of each state [B, D]. Idempotent.
  absl::StatusOr<v1::EnergyResponse> Energy(const v1::EnergyRequest& request) const;

  // Returns the gradients of one number that depends on retrievals from queries [B, D], given its gradients
  // with respect to their results. Idempotent.
  absl::StatusOr<v1::DifferentiateResponse> Differentiate(const v1::DifferentiateRequest& request) const;

  // Calls `on_memory` with one memory after another, as they are recalled, until there are no more or it
  // returns false; then the status is OK. Retried until the first memory; a repeated call recalls the same
  // from the same version.
  absl::Status Recall(const v1::RecallRequest& request,
                      const std::function<bool(const v1::RecallResponse&)>& on_memory) const;

  // Returns how well the patterns of a bank can be told apart; takes N^2 D steps, and calls `progress` on the
  // way with the patterns done and in all. Idempotent; retried until the first progress.
  absl::StatusOr<v1::SeparationReport> ReportSeparation(
      const v1::ReportSeparationRequest& request,
      const std::function<void(int64_t done, int64_t total)>& progress = nullptr) const;

  // Makes a copy of all durable banks as they are, and returns it with its banks. Calls `progress` now and
  // then with the bytes done and in all, which may change on the way. Not idempotent.
  absl::StatusOr<v1::Snapshot> CreateSnapshot(
      const v1::CreateSnapshotRequest& request,
      const std::function<void(int64_t done_bytes, int64_t total_bytes)>& progress = nullptr) const;

  // Returns a snapshot with its banks. Idempotent.
  absl::StatusOr<v1::Snapshot> GetSnapshot(const v1::GetSnapshotRequest& request) const;

  // Returns the snapshots of a place, the newest first, without their banks. Idempotent.
  absl::StatusOr<std::vector<v1::Snapshot>> ListSnapshots(const v1::ListSnapshotsRequest& request) const;

  // Reads all of a snapshot and returns what is wrong with it, one thing each; none: nothing is. Calls
  // `progress` as CreateSnapshot does. Idempotent; retried until the first progress.
  absl::StatusOr<std::vector<std::string>> VerifySnapshot(
      const v1::VerifySnapshotRequest& request,
      const std::function<void(int64_t done_bytes, int64_t total_bytes)>& progress = nullptr) const;

  // Makes a bank of one that a snapshot has, and returns it when it serves. Calls `progress` as
  // CreateSnapshot does. Not idempotent.
  absl::StatusOr<v1::Bank> RestoreBank(
      const v1::RestoreBankRequest& request,
      const std::function<void(int64_t done_bytes, int64_t total_bytes)>& progress = nullptr) const;

  // Deletes a snapshot. Not idempotent.
  absl::Status DeleteSnapshot(const v1::DeleteSnapshotRequest& request) const;

  // Returns what the server can do, and its limits. Idempotent.
  absl::StatusOr<v1::GetCapabilitiesResponse> GetCapabilities() const;

  // OK: the server ("") or the bank ("bank/NAME") is serving. Not retried: the answer is about now.
  absl::Status CheckHealth(const std::string& service = "") const;

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace engram

#endif  // ENGRAM_CLIENT_CLIENT_H_
