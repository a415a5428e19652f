#ifndef ENGRAM_BENCH_PEERS_ENGRAM_METHODS_H_
#define ENGRAM_BENCH_PEERS_ENGRAM_METHODS_H_

#include <cstdint>
#include <memory>

#include "bench/peers/method.h"

namespace engram::bench {

// Updates until `update_limit` are made or a state stops: sweeps, projects and combines, as the engine does.
// Each update sweeps the bank again. All must outlive the method.
std::unique_ptr<Method> MakeUpdateMethod(const PeerData* data, BankSnapshot bank, Dynamics dynamics,
                                         Sweeper* sweeper, ThreadPool* pool, int64_t batch, int update_limit);

// One softmax update in one read, as `arithmetic: FAST` computes it. REQUIRES: the transformation is softmax.
std::unique_ptr<Method> MakeStreamMethod(const PeerData* data, BankSnapshot bank, Dynamics dynamics,
                                         Sweeper* sweeper, int64_t batch);

// Retrievals through the engine until the state stops.
std::unique_ptr<Method> MakeRetrieveMethod(const PeerData* data, BankSnapshot bank, Dynamics dynamics,
                                           Engine* engine, int64_t batch);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_PEERS_ENGRAM_METHODS_H_
