#include "engram/client.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engram/internal/backoff.h"
#include "engram/internal/bulk_upload.h"
#include "engram/internal/cut_rows.h"
#include "engram/internal/request_row_source.h"
#include "engram/internal/resume.h"

namespace engram {
namespace {

// Calls of a Store that reports its progress: small enough to watch, large enough to cost nothing.
constexpr int64_t kProgressBytes = int64_t{4} << 20;

v1::StoreRequest SliceStore(const v1::StoreRequest& request, int64_t begin, int64_t end) {
  v1::StoreRequest slice;
  slice.set_bank(request.bank());
  internal::CopyRows(request, begin, end, &slice);
  return slice;
}

absl::Status AfterRows(const absl::Status& status, int64_t stored, int64_t rows) {
  if (stored == 0) return status;
  absl::Status result(status.code(), absl::StrCat(status.message(), " (after ", stored, " of ", rows,
                                                  " patterns, which stay stored)"));
  status.ForEachPayload([&result](absl::string_view type_url, const absl::Cord& payload) {
    result.SetPayload(type_url, payload);
  });
  return result;
}

}  // namespace

Client::Client(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}

Client Client::Connect(const ConnectionOptions& options) { return Client(MakeConnection(options)); }

absl::StatusOr<v1::Bank> Client::CreateBank(const v1::CreateBankRequest& request) const {
  absl::StatusOr<v1::CreateBankResponse> response = connection_->CreateBank(request);
  if (!response.ok()) return response.status();
  return response->bank();
}

absl::StatusOr<v1::Bank> Client::GetBank(const std::string& name) const {
  v1::GetBankRequest request;
  request.set_name(name);
  absl::StatusOr<v1::GetBankResponse> response = connection_->GetBank(request);
  if (!response.ok()) return response.status();
  return response->bank();
}

absl::StatusOr<std::vector<v1::Bank>> Client::ListBanks() const {
  std::vector<v1::Bank> banks;
  v1::ListBanksRequest request;
  do {
    absl::StatusOr<v1::ListBanksResponse> page = connection_->ListBanks(request);
    if (!page.ok()) return page.status();
    banks.insert(banks.end(), page->banks().begin(), page->banks().end());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return banks;
}

absl::StatusOr<v1::Bank> Client::UpdateBank(const v1::UpdateBankRequest& request) const {
  absl::StatusOr<v1::UpdateBankResponse> response = connection_->UpdateBank(request);
  if (!response.ok()) return response.status();
  return response->bank();
}

absl::Status Client::DeleteBank(const std::string& name) const {
  v1::DeleteBankRequest request;
  request.set_name(name);
  return connection_->DeleteBank(request).status();
}

absl::StatusOr<v1::StoreResponse> Client::Store(const v1::StoreRequest& request,
                                                const std::function<void(int64_t)>& progress) const {
  const int64_t rows = request.patterns().rows();
  const int64_t max_message_bytes = connection_->max_message_bytes();
  const int64_t limit = progress ? std::min(max_message_bytes, kProgressBytes) : max_message_bytes;
  const bool whole = static_cast<int64_t>(request.ByteSizeLong()) <= limit || !internal::CanBeCut(request);
  v1::StoreResponse stored;
  for (int64_t begin = 0; begin == 0 || begin < rows;) {
    const int64_t end = whole ? rows : internal::PieceEnd(request, begin, limit);
    absl::StatusOr<v1::StoreResponse> response =
        whole ? connection_->Store(request) : connection_->Store(SliceStore(request, begin, end));
    if (!response.ok()) return AfterRows(response.status(), begin, rows);
    stored.MergeFrom(*response);  // Appends the ids and takes the later version.
    if (progress) progress(end);
    if (whole) break;
    begin = end;
  }
  return stored;
}

absl::StatusOr<BulkStored> Client::BulkStore(const BulkStoreOptions& options, RowSource* source,
                                             const std::function<void(int64_t)>& progress) const {
  return internal::BulkUpload(connection_.get(), options, source, progress).Run();
}

absl::StatusOr<BulkStored> Client::BulkStore(const BulkStoreOptions& options, const v1::StoreRequest& request,
                                             const std::function<void(int64_t)>& progress) const {
  if (request.patterns().rows() > 0 && internal::CanBeCut(request)) {
    internal::RequestRowSource source(request);
    return BulkStore(options, &source, progress);
  }
  // The server says what is wrong with a request that cannot be cut.
  v1::StoreRequest refused = request;
  refused.set_bank(options.bank);
  const absl::StatusOr<v1::StoreResponse> response = connection_->Store(refused);
  if (!response.ok()) return response.status();
  return absl::InternalError("the server stored a request whose parts do not match");
}

absl::Status Client::ScanPatterns(const v1::ScanPatternsRequest& request,
                                  const std::function<bool(const v1::ScanPatternsResponse&)>& on_chunk,
                                  const RetryOptions& retry) const {
  v1::ScanPatternsRequest rest = request;
  internal::Backoff backoff(retry);
  bool may_resume = true;
  const auto take = [&](const v1::ScanPatternsResponse& chunk) {
    rest.set_cursor(chunk.next_cursor());
    may_resume = !chunk.next_cursor().empty();  // Else it would begin again.
    backoff.Reset();
    return on_chunk(chunk);
  };
  absl::Status status = connection_->ScanPatterns(rest, take);
  for (std::optional<absl::Duration> delay = internal::FindResumeDelay(status);
       delay.has_value() && may_resume && backoff.WaitForNextTry(*delay);
       delay = internal::FindResumeDelay(status)) {
    status = connection_->ScanPatterns(rest, take);
  }
  return status;
}

absl::StatusOr<v1::GetPatternsResponse> Client::GetPatterns(const v1::GetPatternsRequest& request) const {
  return connection_->GetPatterns(request);
}

absl::StatusOr<v1::DeletePatternsResponse> Client::DeletePatterns(
    const v1::DeletePatternsRequest& request) const {
  return connection_->DeletePatterns(request);
}

absl::StatusOr<v1::RetrieveResponse> Client::Retrieve(const v1::RetrieveRequest& request) const {
  return connection_->Retrieve(request);
}

std::unique_ptr<engram::RetrieveStream> Client::RetrieveStream() const {
  return connection_->RetrieveStream();
}

absl::StatusOr<v1::EnergyResponse> Client::Energy(const v1::EnergyRequest& request) const {
  return connection_->Energy(request);
}

absl::StatusOr<v1::DifferentiateResponse> Client::Differentiate(
    const v1::DifferentiateRequest& request) const {
  return connection_->Differentiate(request);
}

absl::Status Client::Recall(const v1::RecallRequest& request,
                            const std::function<bool(const v1::RecallResponse&)>& on_memory) const {
  return connection_->Recall(request, on_memory);
}

absl::StatusOr<v1::SeparationReport> Client::ReportSeparation(
    const v1::ReportSeparationRequest& request,
    const std::function<void(int64_t done, int64_t total)>& progress) const {
  absl::StatusOr<v1::SeparationReport> report =
      absl::InternalError("the server ended the stream without a report");
  const absl::Status status =
      connection_->ReportSeparation(request, [&](const v1::ReportSeparationResponse& message) {
        if (progress) progress(message.done_count(), message.pattern_count());
        if (message.has_report()) report = message.report();
        return true;
      });
  if (!status.ok()) return status;
  return report;
}

absl::StatusOr<v1::GetCapabilitiesResponse> Client::GetCapabilities() const {
  return connection_->GetCapabilities(v1::GetCapabilitiesRequest());
}

absl::Status Client::CheckHealth(const std::string& service) const {
  return connection_->CheckHealth(service);
}

}  // namespace engram
