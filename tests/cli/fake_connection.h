#ifndef ENGRAM_TESTS_CLI_FAKE_CONNECTION_H_
#define ENGRAM_TESTS_CLI_FAKE_CONNECTION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "engram/connection.h"

namespace engram::cli {

// A connection that keeps each request and answers with what the test has set.
class FakeConnection : public Connection {
 public:
  // The answers; requests are kept beside them.
  absl::StatusOr<v1::GetBankResponse> get_bank = v1::GetBankResponse();
  absl::StatusOr<v1::StoreResponse> store = v1::StoreResponse();
  absl::StatusOr<v1::GetPatternsResponse> get_patterns = v1::GetPatternsResponse();
  absl::StatusOr<v1::RetrieveResponse> retrieve = v1::RetrieveResponse();
  absl::StatusOr<v1::EnergyResponse> energy = v1::EnergyResponse();
  absl::Status health;

  v1::CreateBankRequest created;
  v1::StoreRequest stored;
  v1::DeletePatternsRequest deleted;
  v1::RetrieveRequest retrieved;
  std::string deleted_bank;
  std::string health_service;

  int64_t max_message_bytes() const override { return int64_t{64} << 20; }

  absl::StatusOr<v1::CreateBankResponse> CreateBank(const v1::CreateBankRequest& request) override {
    created = request;
    v1::CreateBankResponse response;
    response.mutable_bank()->set_name(request.name());
    response.mutable_bank()->set_dim(request.dim());
    return response;
  }
  absl::StatusOr<v1::GetBankResponse> GetBank(const v1::GetBankRequest&) override { return get_bank; }
  absl::StatusOr<v1::ListBanksResponse> ListBanks(const v1::ListBanksRequest&) override {
    v1::ListBanksResponse response;
    if (get_bank.ok()) *response.add_banks() = get_bank->bank();
    return response;
  }
  absl::StatusOr<v1::DeleteBankResponse> DeleteBank(const v1::DeleteBankRequest& request) override {
    deleted_bank = request.name();
    return v1::DeleteBankResponse();
  }
  absl::StatusOr<v1::StoreResponse> Store(const v1::StoreRequest& request) override {
    stored = request;
    return store;
  }
  absl::StatusOr<v1::GetPatternsResponse> GetPatterns(const v1::GetPatternsRequest&) override {
    return get_patterns;
  }
  absl::StatusOr<v1::DeletePatternsResponse> DeletePatterns(
      const v1::DeletePatternsRequest& request) override {
    deleted = request;
    v1::DeletePatternsResponse response;
    response.set_deleted_count(request.ids_size());
    return response;
  }
  absl::StatusOr<v1::RetrieveResponse> Retrieve(const v1::RetrieveRequest& request) override {
    retrieved = request;
    return retrieve;
  }
  absl::StatusOr<v1::EnergyResponse> Energy(const v1::EnergyRequest&) override { return energy; }
  absl::StatusOr<v1::GetCapabilitiesResponse> GetCapabilities(const v1::GetCapabilitiesRequest&) override {
    v1::GetCapabilitiesResponse response;
    response.set_server_version("9.8.7");
    return response;
  }
  absl::Status CheckHealth(const std::string& service) override {
    health_service = service;
    return health;
  }
};

}  // namespace engram::cli

#endif  // ENGRAM_TESTS_CLI_FAKE_CONNECTION_H_
