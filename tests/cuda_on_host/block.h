#ifndef ENGRAM_TESTS_CUDA_ON_HOST_BLOCK_H_
#define ENGRAM_TESTS_CUDA_ON_HOST_BLOCK_H_

#include <cuda_runtime.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "tests/cuda_on_host/fiber.h"
#include "tests/cuda_on_host/schedule.h"

namespace engram::cuda_on_host {

// The threads of a block, each a fiber. Runs one block after another; one Block at a time runs in the whole
// process.
class Block {
 public:
  // Blocks of `shape`, of which every thread calls `call(data)`, in an order of `schedule`. All must outlive
  // it.
  Block(dim3 shape, void (*call)(const void*), const void* data, Schedule* schedule);
  ~Block();

  // Runs all threads to their end. Stops the process with a message if some wait for what cannot come.
  void Run();

  // For the thread that runs: see device_language.h.
  LaneValues MeetLanes(WarpOperation operation, unsigned mask, uint64_t value, Site site);
  BarrierVote MeetBlock(bool value, Site site);
  void Interleave();
  int lane() const { return current_ % warpSize; }

 private:
  enum class State { kReady, kAtBarrier, kAtWarp, kReturned };
  struct Thread {
    Fiber fiber;
    State state = State::kReady;
    WarpOperation operation = WarpOperation::kSync;
    unsigned mask = 0;
    uint64_t value = 0;
    Site site{};
    BarrierVote vote{};
    uint64_t seen[warpSize];  // The values of the lanes that it met last.
  };

  static void RunThread(void* block);
  void Wake(int thread);
  void OpenBarrierIfAllAreThere();
  unsigned LanesOf(int warp) const;
  void MeetIfAllAreThere(int warp, WarpOperation operation, unsigned mask);
  [[noreturn]] void ReportStall() const;
  void ReportLanes(int thread) const;

  const dim3 shape_;
  const int thread_count_;
  void (*const call_)(const void*);
  const void* const data_;
  Schedule* const schedule_;
  std::vector<std::unique_ptr<Thread>>& threads_;  // At least as many; kept for the next launch.
  std::vector<int> ready_;
  int current_ = 0;
  int live_ = 0;
  int at_barrier_ = 0;
};

}  // namespace engram::cuda_on_host

#endif  // ENGRAM_TESTS_CUDA_ON_HOST_BLOCK_H_
