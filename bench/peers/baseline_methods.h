#ifndef ENGRAM_BENCH_PEERS_BASELINE_METHODS_H_
#define ENGRAM_BENCH_PEERS_BASELINE_METHODS_H_

#include <cstdint>
#include <memory>

#include "bench/peers/method.h"

namespace engram::bench {

// One update by sparsemax as plain Eigen makes it; see native_baseline.h. All must outlive the method.
std::unique_ptr<Method> MakePlainEigenMethod(const PeerData* data, float beta, int64_t batch);

// Reads the patterns once. An answer is their sum, so that reading cannot be left out.
std::unique_ptr<Method> MakeReadMethod(const PeerData* data, ThreadPool* pool);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_PEERS_BASELINE_METHODS_H_
