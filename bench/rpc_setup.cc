#include "bench/rpc_setup.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "bench/cluster_data.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

// Of a message that stores patterns: well below the server's limit.
constexpr int64_t kStoreBytes = int64_t{32} << 20;

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
}

}  // namespace

absl::Status ToStatus(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

absl::StatusOr<LoadedBank> LoadBank(const Client& client, const BankShape& shape, uint64_t seed) {
  ClusterData data = MakeClusterData(shape.pattern_count, kCues, shape.dim, seed);
  v1::CreateBankRequest create;
  create.set_name(shape.name);
  create.set_dim(shape.dim);
  ENGRAM_RETURN_IF_ERROR(client.CreateBank(create).status());
  const int64_t rows_at_a_time = kStoreBytes / (shape.dim * static_cast<int64_t>(sizeof(float)));
  for (int64_t begin = 0; begin < shape.pattern_count; begin += rows_at_a_time) {
    const int64_t rows = std::min(rows_at_a_time, shape.pattern_count - begin);
    const auto patterns = absl::MakeConstSpan(data.patterns).subspan(begin * shape.dim, rows * shape.dim);
    v1::StoreRequest store;
    store.set_bank(shape.name);
    *store.mutable_patterns() = ToMatrix(patterns, shape.dim);
    ENGRAM_RETURN_IF_ERROR(client.Store(store).status());
  }
  return LoadedBank{shape, std::move(data.cues)};
}

v1::RetrieveRequest Sparsemax() {
  v1::RetrieveRequest request;
  request.mutable_dynamics()->set_beta(kSharpBeta);
  request.mutable_dynamics()->mutable_entmax()->set_alpha(2);
  return request;
}

v1::RetrieveRequest OneSoftmaxUpdate() {
  v1::RetrieveRequest request;
  request.mutable_dynamics()->set_beta(kSharpBeta);
  request.mutable_dynamics()->mutable_softmax();
  request.mutable_dynamics()->set_max_iterations(1);
  request.set_omit_energy(true);
  return request;
}

std::vector<v1::RetrieveRequest> MakeRequests(const LoadedBank& bank, const v1::RetrieveRequest& prototype) {
  std::vector<v1::RetrieveRequest> requests(kCues, prototype);
  for (int64_t b = 0; b < kCues; ++b) {
    requests[b].set_bank(bank.shape.name);
    const auto cue = absl::MakeConstSpan(bank.cues).subspan(b * bank.shape.dim, bank.shape.dim);
    *requests[b].mutable_queries() = ToMatrix(cue, bank.shape.dim);
  }
  return requests;
}

EchoRequest EchoOf(const v1::RetrieveRequest& request, const v1::RetrieveResponse& response) {
  // Tag and length of a payload of 128 to 16,383 bytes.
  constexpr int kPayloadOverheadBytes = 3;
  EchoRequest echo;
  echo.set_response_payload_bytes(static_cast<int>(response.ByteSizeLong()) - kPayloadOverheadBytes);
  echo.set_payload(std::string(request.ByteSizeLong() - echo.ByteSizeLong() - kPayloadOverheadBytes, '\0'));
  return echo;
}

MemoryStub::MemoryStub(const std::string& address) : stub(v1::AssociativeMemory::NewStub(Connect(address))) {}

std::unique_ptr<Target> MemoryStub::Retrieve(std::vector<v1::RetrieveRequest> requests) const {
  using Of = StubTarget<v1::AssociativeMemory, v1::RetrieveRequest, v1::RetrieveResponse>;
  return absl::WrapUnique(
      new Of(stub.get(), &Of::Stub::Retrieve, &Of::AsyncStub::Retrieve, std::move(requests)));
}

std::unique_ptr<Target> MemoryStub::Store(std::vector<v1::StoreRequest> requests) const {
  using Of = StubTarget<v1::AssociativeMemory, v1::StoreRequest, v1::StoreResponse>;
  return absl::WrapUnique(new Of(stub.get(), &Of::Stub::Store, &Of::AsyncStub::Store, std::move(requests)));
}

EchoStub::EchoStub(const std::string& address) : stub(Echo::NewStub(Connect(address))) {}

std::unique_ptr<Target> EchoStub::Call(std::vector<EchoRequest> requests) const {
  using Of = StubTarget<Echo, EchoRequest, EchoResponse>;
  return absl::WrapUnique(new Of(stub.get(), &Of::Stub::Call, &Of::AsyncStub::Call, std::move(requests)));
}

}  // namespace engram::bench
