#include "engram/client.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace engram {
namespace {

// Room in a Store message for everything but rows, ids and payloads.
constexpr int64_t kMessageOverhead = 4096;
// The largest encodings of an id, and of a payload's length.
constexpr int64_t kIdBytes = 10;
constexpr int64_t kPayloadOverhead = 4;
// Calls of a Store that reports its progress: small enough to watch, large enough to cost nothing.
constexpr int64_t kProgressBytes = int64_t{4} << 20;

// Rows [begin, end) of a matrix.
v1::Matrix SliceRows(const v1::Matrix& matrix, int64_t begin, int64_t end) {
  v1::Matrix slice;
  slice.set_rows(end - begin);
  slice.set_cols(matrix.cols());
  if (matrix.values_size() > 0) {
    const auto first = matrix.values().begin();
    slice.mutable_values()->Add(first + begin * matrix.cols(), first + end * matrix.cols());
  } else {
    const int64_t row_bytes = matrix.cols() * static_cast<int64_t>(sizeof(float));
    slice.set_data(matrix.data().data() + begin * row_bytes, (end - begin) * row_bytes);
  }
  return slice;
}

v1::StoreRequest SliceStore(const v1::StoreRequest& request, int64_t begin, int64_t end) {
  v1::StoreRequest slice;
  slice.set_bank(request.bank());
  *slice.mutable_patterns() = SliceRows(request.patterns(), begin, end);
  if (request.has_values()) *slice.mutable_values() = SliceRows(request.values(), begin, end);
  if (request.ids_size() > 0)
    slice.mutable_ids()->Add(request.ids().begin() + begin, request.ids().begin() + end);
  for (int64_t i = begin; i < end && request.payloads_size() > 0; ++i) {
    slice.add_payloads(request.payloads(static_cast<int>(i)));
  }
  return slice;
}

// One past the last row of a chunk that begins at `begin` and fits in a message; at least one row.
int64_t ChunkEnd(const v1::StoreRequest& request, int64_t begin, int64_t max_message_bytes) {
  const int64_t row_bytes =
      (request.patterns().cols() + request.values().cols()) * static_cast<int64_t>(sizeof(float)) + kIdBytes;
  int64_t room = max_message_bytes - kMessageOverhead;
  int64_t end = begin;
  for (; end < request.patterns().rows(); ++end) {
    room -= row_bytes;
    if (end < request.payloads_size()) {
      room -= static_cast<int64_t>(request.payloads(static_cast<int>(end)).size()) + kPayloadOverhead;
    }
    if (room < 0) break;
  }
  return std::max(end, begin + 1);
}

// Whether the request's parts have one entry for each row, so that it can be cut; the server says what is
// wrong with one that has not.
bool CanBeCut(const v1::StoreRequest& request) {
  const int64_t rows = request.patterns().rows();
  const auto matches = [rows](int64_t count) { return count == 0 || count == rows; };
  return ToValues(request.patterns()).ok() && (!request.has_values() || ToValues(request.values()).ok()) &&
         matches(request.values().rows()) && matches(request.ids_size()) && matches(request.payloads_size());
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
  const bool whole = static_cast<int64_t>(request.ByteSizeLong()) <= limit || !CanBeCut(request);
  v1::StoreResponse stored;
  for (int64_t begin = 0; begin == 0 || begin < rows;) {
    const int64_t end = whole ? rows : ChunkEnd(request, begin, limit);
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

absl::StatusOr<v1::EnergyResponse> Client::Energy(const v1::EnergyRequest& request) const {
  return connection_->Energy(request);
}

absl::StatusOr<v1::GetCapabilitiesResponse> Client::GetCapabilities() const {
  return connection_->GetCapabilities(v1::GetCapabilitiesRequest());
}

absl::Status Client::CheckHealth(const std::string& service) const {
  return connection_->CheckHealth(service);
}

}  // namespace engram
