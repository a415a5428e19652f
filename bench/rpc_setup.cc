#include "bench/rpc_setup.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "absl/memory/memory.h"
#include "bench/cluster_data.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

// Of a message that stores patterns: well below the server's limit.
constexpr int64_t kStoreBytes = int64_t{32} << 20;
// Of one of many at a time, in whole clusters.
constexpr int64_t kPartBytes = int64_t{8} << 20;
constexpr int64_t kPartMultiple = 100;

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
}

absl::Status CreateBank(const Client& client, const BankShape& shape) {
  v1::CreateBankRequest create;
  create.set_name(shape.name);
  create.set_dim(shape.dim);
  return client.CreateBank(create).status();
}

absl::Status StorePatterns(const Client& client, const BankShape& shape, absl::Span<const float> patterns) {
  v1::StoreRequest store;
  store.set_bank(shape.name);
  *store.mutable_patterns() = ToMatrix(patterns, shape.dim);
  return client.Store(store).status();
}

}  // namespace

absl::Status ToStatus(const grpc::Status& status) {
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
}

absl::StatusOr<LoadedBank> LoadBank(const Client& client, const BankShape& shape, uint64_t seed) {
  ClusterData data = MakeClusterData(shape.pattern_count, kCues, shape.dim, seed);
  ENGRAM_RETURN_IF_ERROR(CreateBank(client, shape));
  const int64_t rows_at_a_time = kStoreBytes / (shape.dim * static_cast<int64_t>(sizeof(float)));
  for (int64_t begin = 0; begin < shape.pattern_count; begin += rows_at_a_time) {
    const int64_t rows = std::min(rows_at_a_time, shape.pattern_count - begin);
    const auto patterns = absl::MakeConstSpan(data.patterns).subspan(begin * shape.dim, rows * shape.dim);
    ENGRAM_RETURN_IF_ERROR(StorePatterns(client, shape, patterns));
  }
  return LoadedBank{shape, std::move(data.cues)};
}

absl::StatusOr<LoadedBank> LoadLargeBank(const Client& client, const BankShape& shape, uint64_t seed,
                                         int threads) {
  ENGRAM_RETURN_IF_ERROR(CreateBank(client, shape));
  const int64_t rows_of_bytes = kPartBytes / (shape.dim * static_cast<int64_t>(sizeof(float)));
  const int64_t part_rows = std::max<int64_t>(rows_of_bytes / kPartMultiple, 1) * kPartMultiple;
  const int64_t parts = (shape.pattern_count + part_rows - 1) / part_rows;
  // The first parts have cues, each as many, until there are enough.
  const int64_t part_cues = (kCues + parts - 1) / parts;
  std::vector<float> cues(parts * part_cues * shape.dim);
  std::atomic<int64_t> next = 0;
  // Of one thread each.
  std::vector<absl::Status> statuses(threads);
  std::vector<std::thread> storing;
  storing.reserve(threads);
  for (absl::Status& status : statuses) {
    storing.emplace_back([&] {
      for (int64_t i = next++; status.ok() && i < parts; i = next++) {
        const int64_t rows = std::min(part_rows, shape.pattern_count - i * part_rows);
        const ClusterData data = MakeClusterData(rows, part_cues, shape.dim, seed + static_cast<uint64_t>(i));
        std::copy(data.cues.begin(), data.cues.end(), cues.begin() + i * part_cues * shape.dim);
        status = StorePatterns(client, shape, data.patterns);
      }
    });
  }
  for (std::thread& thread : storing) thread.join();
  for (const absl::Status& status : statuses) ENGRAM_RETURN_IF_ERROR(status);
  cues.resize(kCues * shape.dim);
  return LoadedBank{shape, std::move(cues)};
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
