#ifndef ENGRAM_BENCH_RPC_SETUP_H_
#define ENGRAM_BENCH_RPC_SETUP_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "bench/rpc_load.h"
#include "echo.grpc.pb.h"
#include "engram/client.h"
#include "engram/v1/associative_memory.grpc.pb.h"

namespace engram::bench {

// Banks, requests and targets of the benchmarks that talk to servers.

inline constexpr int64_t kCues = 64;

struct BankShape {
  const char* name;
  int64_t pattern_count;
  int64_t dim;
};

// A bank of a server and cues for it.
struct LoadedBank {
  BankShape shape;
  std::vector<float> cues;  // [kCues, dim]
};

absl::Status ToStatus(const grpc::Status& status);

// Creates a bank of clusters.
absl::StatusOr<LoadedBank> LoadBank(const Client& client, const BankShape& shape, uint64_t seed);

// The same for banks that would take long: made and stored in parts by so many threads, in any order.
absl::StatusOr<LoadedBank> LoadLargeBank(const Client& client, const BankShape& shape, uint64_t seed,
                                         int threads);

// Updates until the fixed point, which is one pattern.
v1::RetrieveRequest Sparsemax();

// What attention computes: one update in which every pattern has weight.
v1::RetrieveRequest OneSoftmaxUpdate();

// `prototype` for each cue of `bank`.
std::vector<v1::RetrieveRequest> MakeRequests(const LoadedBank& bank, const v1::RetrieveRequest& prototype);

// Has the size of `request` and asks for an answer of the size of `response`.
EchoRequest EchoOf(const v1::RetrieveRequest& request, const v1::RetrieveResponse& response);

// The stubs of a server, over one connection.
struct MemoryStub {
  explicit MemoryStub(const std::string& address);
  std::unique_ptr<Target> Retrieve(std::vector<v1::RetrieveRequest> requests) const;
  std::unique_ptr<Target> Store(std::vector<v1::StoreRequest> requests) const;

  std::unique_ptr<v1::AssociativeMemory::Stub> stub;
};
struct EchoStub {
  explicit EchoStub(const std::string& address);
  std::unique_ptr<Target> Call(std::vector<EchoRequest> requests) const;

  std::unique_ptr<Echo::Stub> stub;
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_RPC_SETUP_H_
