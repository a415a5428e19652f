#ifndef ENGRAM_CLIENT_MOCKS_MOCK_CONNECTION_H_
#define ENGRAM_CLIENT_MOCKS_MOCK_CONNECTION_H_

#include <gmock/gmock.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engram/connection.h"

namespace engram {

// A Connection for tests of code that uses Client.
class MockConnection : public Connection {
 public:
  template <typename T>
  using Or = absl::StatusOr<T>;
  template <typename T>
  using OnMessage = std::function<bool(const T&)>;
  MOCK_METHOD(int64_t, max_message_bytes, (), (const, override));
  MOCK_METHOD(Or<v1::CreateBankResponse>, CreateBank, (const v1::CreateBankRequest&), (override));
  MOCK_METHOD(Or<v1::GetBankResponse>, GetBank, (const v1::GetBankRequest&), (override));
  MOCK_METHOD(Or<v1::ListBanksResponse>, ListBanks, (const v1::ListBanksRequest&), (override));
  MOCK_METHOD(Or<v1::UpdateBankResponse>, UpdateBank, (const v1::UpdateBankRequest&), (override));
  MOCK_METHOD(Or<v1::DeleteBankResponse>, DeleteBank, (const v1::DeleteBankRequest&), (override));
  MOCK_METHOD(Or<v1::StoreResponse>, Store, (const v1::StoreRequest&), (override));
  MOCK_METHOD(std::unique_ptr<BulkStoreStream>, BulkStore, (), (override));
  MOCK_METHOD(Or<v1::GetPatternsResponse>, GetPatterns, (const v1::GetPatternsRequest&), (override));
  MOCK_METHOD(absl::Status, ScanPatterns,
              (const v1::ScanPatternsRequest&, const OnMessage<v1::ScanPatternsResponse>&), (override));
  MOCK_METHOD(Or<v1::DeletePatternsResponse>, DeletePatterns, (const v1::DeletePatternsRequest&), (override));
  MOCK_METHOD(Or<v1::RetrieveResponse>, Retrieve, (const v1::RetrieveRequest&), (override));
  MOCK_METHOD(std::unique_ptr<engram::RetrieveStream>, RetrieveStream, (), (override));
  MOCK_METHOD(Or<v1::EnergyResponse>, Energy, (const v1::EnergyRequest&), (override));
  MOCK_METHOD(Or<v1::DifferentiateResponse>, Differentiate, (const v1::DifferentiateRequest&), (override));
  MOCK_METHOD(absl::Status, Recall, (const v1::RecallRequest&, const OnMessage<v1::RecallResponse>&),
              (override));
  MOCK_METHOD(absl::Status, ReportSeparation,
              (const v1::ReportSeparationRequest&, const OnMessage<v1::ReportSeparationResponse>&),
              (override));
  MOCK_METHOD(absl::Status, CreateSnapshot,
              (const v1::CreateSnapshotRequest&, const OnMessage<v1::CreateSnapshotResponse>&), (override));
  MOCK_METHOD(Or<v1::GetSnapshotResponse>, GetSnapshot, (const v1::GetSnapshotRequest&), (override));
  MOCK_METHOD(Or<v1::ListSnapshotsResponse>, ListSnapshots, (const v1::ListSnapshotsRequest&), (override));
  MOCK_METHOD(absl::Status, VerifySnapshot,
              (const v1::VerifySnapshotRequest&, const OnMessage<v1::VerifySnapshotResponse>&), (override));
  MOCK_METHOD(absl::Status, RestoreBank,
              (const v1::RestoreBankRequest&, const OnMessage<v1::RestoreBankResponse>&), (override));
  MOCK_METHOD(Or<v1::DeleteSnapshotResponse>, DeleteSnapshot, (const v1::DeleteSnapshotRequest&), (override));
  MOCK_METHOD(Or<v1::GetCapabilitiesResponse>, GetCapabilities, (const v1::GetCapabilitiesRequest&),
              (override));
  MOCK_METHOD(absl::Status, CheckHealth, (const std::string&), (override));
};

}  // namespace engram

#endif  // ENGRAM_CLIENT_MOCKS_MOCK_CONNECTION_H_
