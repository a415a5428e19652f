#ifndef ENGRAM_CLIENT_CLIENT_H_
#define ENGRAM_CLIENT_CLIENT_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engram/connection.h"
#include "engram/matrix.h"
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
// when the server is UNAVAILABLE. The client does not repeat the server's validation.
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

  // Deletes a bank and all its patterns. Not idempotent.
  absl::Status DeleteBank(const std::string& name) const;

  // Stores patterns [n, D]. A request that would exceed the connection's message limit goes as several calls,
  // each all or nothing. With `progress` calls are at most 4 MiB, and it is called after each with the number
  // of patterns acknowledged so far. On an error the calls before stay stored; the status tells how many
  // patterns that is. Never retried: without ids, a repeated Store stores twice.
  absl::StatusOr<v1::StoreResponse> Store(const v1::StoreRequest& request,
                                          const std::function<void(int64_t)>& progress = nullptr) const;

  // Returns patterns by id. Idempotent.
  absl::StatusOr<v1::GetPatternsResponse> GetPatterns(const v1::GetPatternsRequest& request) const;

  // Deletes patterns by id. Not retried.
  absl::StatusOr<v1::DeletePatternsResponse> DeletePatterns(const v1::DeletePatternsRequest& request) const;

  // Runs the dynamics from each query [B, D]. Idempotent.
  absl::StatusOr<v1::RetrieveResponse> Retrieve(const v1::RetrieveRequest& request) const;

  // Returns the energy of each state [B, D]. Idempotent.
  absl::StatusOr<v1::EnergyResponse> Energy(const v1::EnergyRequest& request) const;

  // Returns what the server can do, and its limits. Idempotent.
  absl::StatusOr<v1::GetCapabilitiesResponse> GetCapabilities() const;

  // OK: the server ("") or the bank ("bank/NAME") is serving. Not retried: the answer is about now.
  absl::Status CheckHealth(const std::string& service = "") const;

 private:
  std::shared_ptr<Connection> connection_;
};

}  // namespace engram

#endif  // ENGRAM_CLIENT_CLIENT_H_
