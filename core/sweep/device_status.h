#ifndef ENGRAM_CORE_SWEEP_DEVICE_STATUS_H_
#define ENGRAM_CORE_SWEEP_DEVICE_STATUS_H_

#include <cstdint>
#include <string>

namespace engram {

// A device of a backend and what it has done since the backend was made.
struct DeviceStatus {
  std::string kind;  // "cuda"
  std::string name;
  int64_t memory_bytes = 0;
  int64_t budget_bytes = 0;  // What banks may take of it,
  int64_t used_bytes = 0;    // and what they have taken.
  // What it was lost to, for good; empty: it works. Everything is swept on the host from then on.
  std::string fault;
  // Sweeps that it took part in, the states that they served, the bytes of codes that they read, and the rows
  // that they left.
  int64_t sweeps = 0;
  int64_t states = 0;
  int64_t scanned_bytes = 0;
  int64_t survivors = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_DEVICE_STATUS_H_
