#ifndef ENGRAM_TESTS_CLI_FAKE_CONNECTION_H_
#define ENGRAM_TESTS_CLI_FAKE_CONNECTION_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "engram/connection.h"

namespace engram::cli {

// A stream that answers start, chunks and finish as an upload of so many rows; keeps the chunks.
class FakeUpload : public BulkStoreStream {
 public:
  // What is answered to a chunk: its ids, and `stored`; or the call ends with the error.
  FakeUpload(const absl::StatusOr<v1::StoreResponse>& stored, v1::StoreRequest* request, bool* atomic)
      : stored_(stored), request_(request), atomic_(atomic) {}

  bool Write(const v1::BulkStoreRequest& request) override {
    absl::MutexLock lock(&mutex_);
    if (request.has_start()) {
      request_->set_bank(request.start().bank());
      *atomic_ = request.start().atomic();
    }
    if (request.has_chunk()) {
      *request_->mutable_patterns() = request.chunk().patterns();
      *request_->mutable_values() = request.chunk().values();
      *request_->mutable_ids() = request.chunk().ids();
      *request_->mutable_payloads() = request.chunk().payloads();
      rows_ += request.chunk().patterns().rows();
      if (!stored_.ok()) {
        has_ended_ = true;
        return true;
      }
    }
    v1::BulkStoreResponse& reply = replies_.emplace_back();
    reply.set_upload_id("upload");
    reply.set_row_offset(rows_);
    reply.set_finished(request.has_finish());
    if (request.has_chunk()) {
      *reply.mutable_ids() = stored_->ids();
      reply.set_version(stored_->version());
    }
    return true;
  }
  void WritesDone() override {}
  bool Read(v1::BulkStoreResponse* response) override {
    absl::MutexLock lock(&mutex_);
    const auto has_news = [this]()
                              ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return has_ended_ || !replies_.empty(); };
    mutex_.Await(absl::Condition(&has_news));
    if (replies_.empty()) return false;
    *response = replies_.front();
    replies_.pop_front();
    return true;
  }
  void Cancel() override {}
  absl::Status Finish() override { return stored_.status(); }

 private:
  const absl::StatusOr<v1::StoreResponse> stored_;
  v1::StoreRequest* const request_;
  bool* const atomic_;
  absl::Mutex mutex_;
  std::deque<v1::BulkStoreResponse> replies_ ABSL_GUARDED_BY(mutex_);
  int64_t rows_ ABSL_GUARDED_BY(mutex_) = 0;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

// A connection that keeps each request and answers with what the test has set.
class FakeConnection : public Connection {
 public:
  // The answers; requests are kept beside them.
  absl::StatusOr<v1::GetBankResponse> get_bank = v1::GetBankResponse();
  absl::StatusOr<v1::StoreResponse> store = v1::StoreResponse();
  absl::StatusOr<v1::GetPatternsResponse> get_patterns = v1::GetPatternsResponse();
  absl::StatusOr<v1::RetrieveResponse> retrieve = v1::RetrieveResponse();
  // In place of `retrieve`, if set.
  std::function<v1::RetrieveResponse(const v1::RetrieveRequest&)> on_retrieve;
  absl::StatusOr<v1::EnergyResponse> energy = v1::EnergyResponse();
  std::vector<v1::ScanPatternsResponse> scan;
  std::vector<v1::RecallResponse> memories;
  std::vector<v1::ReportSeparationResponse> separation;
  absl::StatusOr<v1::GetSnapshotResponse> get_snapshot = v1::GetSnapshotResponse();
  std::vector<v1::CreateSnapshotResponse> creation;
  std::vector<v1::VerifySnapshotResponse> verification;
  // What RestoreBank says of each bank; of others that it was restored.
  std::map<std::string, absl::Status> restore_errors;
  absl::Status streamed;  // After their messages.
  absl::Status health;

  v1::CreateBankRequest created;
  v1::UpdateBankRequest updated;
  v1::StoreRequest stored;
  bool stored_atomically = false;
  v1::ScanPatternsRequest scanned;
  v1::RecallRequest recalled;
  v1::ReportSeparationRequest separated;
  v1::DeletePatternsRequest deleted;
  v1::RetrieveRequest retrieved;
  v1::CreateSnapshotRequest created_snapshot;
  v1::GetSnapshotRequest got_snapshot;
  v1::ListSnapshotsRequest listed_snapshots;
  v1::VerifySnapshotRequest verified;
  std::vector<v1::RestoreBankRequest> restored;
  v1::DeleteSnapshotRequest deleted_snapshot;
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
  absl::StatusOr<v1::UpdateBankResponse> UpdateBank(const v1::UpdateBankRequest& request) override {
    updated = request;
    v1::UpdateBankResponse response;
    response.mutable_bank()->set_name(request.name());
    *response.mutable_bank()->mutable_default_dynamics() = request.default_dynamics();
    *response.mutable_bank()->mutable_limits() = request.limits();
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
  std::unique_ptr<BulkStoreStream> BulkStore() override {
    return std::make_unique<FakeUpload>(store, &stored, &stored_atomically);
  }
  absl::StatusOr<v1::GetPatternsResponse> GetPatterns(const v1::GetPatternsRequest&) override {
    return get_patterns;
  }
  absl::Status ScanPatterns(const v1::ScanPatternsRequest& request,
                            const std::function<bool(const v1::ScanPatternsResponse&)>& on_message) override {
    scanned = request;
    return Stream(scan, on_message);
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
    if (on_retrieve) return on_retrieve(request);
    return retrieve;
  }
  absl::StatusOr<v1::EnergyResponse> Energy(const v1::EnergyRequest&) override { return energy; }
  std::unique_ptr<engram::RetrieveStream> RetrieveStream() override { return nullptr; }
  absl::StatusOr<v1::DifferentiateResponse> Differentiate(const v1::DifferentiateRequest&) override {
    return v1::DifferentiateResponse();
  }
  absl::Status Recall(const v1::RecallRequest& request,
                      const std::function<bool(const v1::RecallResponse&)>& on_message) override {
    recalled = request;
    return Stream(memories, on_message);
  }
  absl::Status ReportSeparation(
      const v1::ReportSeparationRequest& request,
      const std::function<bool(const v1::ReportSeparationResponse&)>& on_message) override {
    separated = request;
    return Stream(separation, on_message);
  }
  absl::Status CreateSnapshot(
      const v1::CreateSnapshotRequest& request,
      const std::function<bool(const v1::CreateSnapshotResponse&)>& on_message) override {
    created_snapshot = request;
    return Stream(creation, on_message);
  }
  absl::StatusOr<v1::GetSnapshotResponse> GetSnapshot(const v1::GetSnapshotRequest& request) override {
    got_snapshot = request;
    return get_snapshot;
  }
  absl::StatusOr<v1::ListSnapshotsResponse> ListSnapshots(const v1::ListSnapshotsRequest& request) override {
    listed_snapshots = request;
    v1::ListSnapshotsResponse response;
    if (get_snapshot.ok()) *response.add_snapshots() = get_snapshot->snapshot();
    return response;
  }
  absl::Status VerifySnapshot(
      const v1::VerifySnapshotRequest& request,
      const std::function<bool(const v1::VerifySnapshotResponse&)>& on_message) override {
    verified = request;
    return Stream(verification, on_message);
  }
  absl::Status RestoreBank(const v1::RestoreBankRequest& request,
                           const std::function<bool(const v1::RestoreBankResponse&)>& on_message) override {
    restored.push_back(request);
    if (const auto it = restore_errors.find(request.bank()); it != restore_errors.end()) return it->second;
    v1::RestoreBankResponse response;
    response.mutable_bank()->set_name(request.new_name().empty() ? request.bank() : request.new_name());
    response.mutable_bank()->set_pattern_count(1797);
    response.mutable_bank()->set_version(3);
    return Stream(std::vector<v1::RestoreBankResponse>{response}, on_message);
  }
  absl::StatusOr<v1::DeleteSnapshotResponse> DeleteSnapshot(
      const v1::DeleteSnapshotRequest& request) override {
    deleted_snapshot = request;
    return v1::DeleteSnapshotResponse();
  }
  absl::StatusOr<v1::GetCapabilitiesResponse> GetCapabilities(const v1::GetCapabilitiesRequest&) override {
    v1::GetCapabilitiesResponse response;
    response.set_server_version("9.8.7");
    return response;
  }
  absl::Status CheckHealth(const std::string& service) override {
    health_service = service;
    return health;
  }

 private:
  template <typename Response>
  absl::Status Stream(const std::vector<Response>& messages,
                      const std::function<bool(const Response&)>& on_message) const {
    for (const Response& message : messages) {
      if (!on_message(message)) return absl::OkStatus();
    }
    return streamed;
  }
};

}  // namespace engram::cli

#endif  // ENGRAM_TESTS_CLI_FAKE_CONNECTION_H_
