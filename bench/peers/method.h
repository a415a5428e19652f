#ifndef ENGRAM_BENCH_PEERS_METHOD_H_
#define ENGRAM_BENCH_PEERS_METHOD_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bench/peers/command.h"
#include "bench/peers/peer_data.h"
#include "bench/peers/runner.h"
#include "core/transform/dynamics.h"

namespace engram::bench {

// What a method answered to one query. What it does not say is empty.
struct Answer {
  std::vector<uint64_t> ids;    // Of the patterns with weight.
  std::vector<double> weights;  // Theirs.
  std::vector<double> state;    // [D]
  int iterations = 0;
  int sweeps = 0;
};

// Of an update or a retrieval.
Answer ToAnswer(const std::vector<Survivor>& support, std::vector<double> weights, std::vector<double> state);

// Something to compare: it serves one batch of queries a call.
class Method {
 public:
  virtual ~Method() = default;
  // Serves queries [first, first + B), modulo their number.
  virtual absl::Status Run(int64_t first) = 0;
  // What the last Run answered to the b-th of them.
  virtual Answer LastAnswer(int64_t b) const = 0;
};

// The method that `method=` names: see peer_bench.cc. `data` and `runner` must outlive it.
// INVALID_ARGUMENT: there is none of that name, or a parameter is out of range.
absl::StatusOr<std::unique_ptr<Method>> MakeMethod(const Command& command, PeerData* data, Runner* runner);

// The dynamics that transform=, alpha=, k=, beta= and max_iterations= describe. INVALID_ARGUMENT: none.
absl::StatusOr<Dynamics> ParseDynamics(const Command& command);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_PEERS_METHOD_H_
