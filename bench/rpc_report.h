#ifndef ENGRAM_BENCH_RPC_REPORT_H_
#define ENGRAM_BENCH_RPC_REPORT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "bench/process_memory.h"
#include "bench/rpc_load.h"

namespace engram::bench {

// The loads of one target, a result for each round.
struct Rounds {
  std::vector<LoadResult> alone;      // One call at a time.
  std::vector<LoadResult> in_flight;  // kInFlight calls at a time.
};

inline constexpr int kInFlight = 64;

// One kind of retrieval beside an echo of messages of the same sizes. Means are over the cues.
struct Comparison {
  std::string name;
  double request_bytes = 0;
  double response_bytes = 0;
  double support_size = 0;
  double updates = 0;
  double sweeps = 0;
  Rounds retrieve;
  Rounds echo;
};

// What a bank takes.
struct BankMemory {
  std::string name;
  int64_t row_bytes = 0;       // N * D * 4
  int64_t admitted_bytes = 0;  // Bank.memory_bytes
  int64_t resident_bytes = 0;  // What the server grew by when it was stored.
};

struct RpcReport {
  uint64_t seed = 0;
  int64_t round_count = 0;
  std::vector<Comparison> comparisons;
  ProcessMemory empty_server;
  std::vector<BankMemory> banks;
  ProcessMemory server_after_load;
};

// For people.
std::string ToTable(const RpcReport& report);

// For programs: every figure of every round.
std::string ToJson(const RpcReport& report);

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_RPC_REPORT_H_
