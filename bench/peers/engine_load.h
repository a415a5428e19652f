#ifndef ENGRAM_BENCH_PEERS_ENGINE_LOAD_H_
#define ENGRAM_BENCH_PEERS_ENGINE_LOAD_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bench/peers/peer_data.h"
#include "core/engine/engine.h"

namespace engram::bench {

// What retrievals of one query each saw.
struct LoadTiming {
  double calls_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
  int64_t calls = 0;
};

// `clients` threads that each call the engine again as soon as they have their answer, for `duration`; client
// c asks banks[c modulo their number].
class ClosedLoad {
 public:
  // All must outlive the load. REQUIRES: banks is not empty; clients >= 1.
  ClosedLoad(Engine* engine, const PeerData* data, Dynamics dynamics, std::vector<BankSnapshot> banks,
             int clients);

  // The first error of any call ends it.
  absl::StatusOr<LoadTiming> Run(absl::Duration duration) const;

 private:
  Engine* const engine_;
  const PeerData* const data_;
  const Dynamics dynamics_;
  const std::vector<BankSnapshot> banks_;
  const int clients_;
};

// One call every 1 / rate, whether earlier ones are answered or not; a latency counts from when its call was
// due. Errors as above. REQUIRES: rate > 0.
absl::StatusOr<LoadTiming> RunAtRate(Engine* engine, const PeerData& data, const Dynamics& dynamics,
                                     const std::vector<BankSnapshot>& banks, double rate,
                                     absl::Duration duration);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_PEERS_ENGINE_LOAD_H_
