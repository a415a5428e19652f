#include "tests/cuda_on_host/block.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>

uint3 threadIdx;
uint3 blockIdx;
dim3 blockDim;
dim3 gridDim;

namespace engram::cuda_on_host {
namespace {

constexpr const char* kOperationNames[] = {"__syncwarp",        "__shfl_sync",      "__shfl_up_sync",
                                           "__shfl_down_sync",  "__shfl_xor_sync",  "__ballot_sync",
                                           "__any_sync",        "__all_sync",       "__reduce_add_sync",
                                           "__reduce_min_sync", "__reduce_max_sync"};

Block* running_block = nullptr;

Block* Running(Site site) {
  if (running_block == nullptr) {
    std::fprintf(stderr, "cuda_on_host: %s:%d: called by no thread of a kernel\n", site.file, site.line);
    std::abort();
  }
  return running_block;
}

}  // namespace

Block::Block(dim3 shape, void (*call)(const void*), const void* data, Schedule* schedule)
    : shape_(shape),
      thread_count_(static_cast<int>(shape.x * shape.y * shape.z)),
      call_(call),
      data_(data),
      schedule_(schedule),
      threads_(*[] {
        static std::vector<std::unique_ptr<Thread>> pool;
        return &pool;
      }()) {
  while (threads_.size() < static_cast<size_t>(thread_count_)) threads_.push_back(std::make_unique<Thread>());
  running_block = this;
}

Block::~Block() { running_block = nullptr; }

void Block::RunThread(void* block) {
  const Block* const self = static_cast<Block*>(block);
  self->call_(self->data_);
}

void Block::Run() {
  live_ = thread_count_;
  at_barrier_ = 0;
  ready_.clear();
  for (int i = 0; i < thread_count_; ++i) {
    threads_[i]->fiber.Start(&RunThread, this);
    Wake(i);
  }
  while (live_ > 0) {
    if (ready_.empty()) ReportStall();
    int& chosen = ready_[schedule_->Choose(static_cast<int64_t>(ready_.size()))];
    current_ = chosen;
    chosen = ready_.back();
    ready_.pop_back();
    const unsigned i = static_cast<unsigned>(current_);
    threadIdx = {i % shape_.x, i / shape_.x % shape_.y, i / (shape_.x * shape_.y)};
    Thread& thread = *threads_[current_];
    thread.fiber.Resume();
    if (thread.fiber.has_returned()) {
      thread.state = State::kReturned;
      --live_;
    }
    OpenBarrierIfAllAreThere();
  }
}

void Block::Wake(int thread) {
  threads_[thread]->state = State::kReady;
  ready_.push_back(thread);
}

// The block's barrier: it opens when every thread that has not returned waits at it.

BarrierVote Block::MeetBlock(bool value, Site site) {
  Thread& thread = *threads_[current_];
  thread.state = State::kAtBarrier;
  thread.value = value;
  thread.site = site;
  ++at_barrier_;
  Fiber::Suspend();
  return thread.vote;
}

void Block::OpenBarrierIfAllAreThere() {
  if (at_barrier_ == 0 || at_barrier_ < live_) return;
  BarrierVote vote{0, at_barrier_};
  const Thread* first = nullptr;
  for (int i = 0; i < thread_count_; ++i) {
    const Thread& thread = *threads_[i];
    if (thread.state != State::kAtBarrier) continue;
    if (first == nullptr) first = &thread;
    if (thread.site.line != first->site.line || std::strcmp(thread.site.file, first->site.file) != 0) {
      std::fprintf(stderr, "cuda_on_host: threads of a block wait at different barriers\n");
      ReportStall();
    }
    vote.yes += thread.value != 0 ? 1 : 0;
  }
  at_barrier_ = 0;
  for (int i = 0; i < thread_count_; ++i) {
    if (threads_[i]->state != State::kAtBarrier) continue;
    threads_[i]->vote = vote;
    Wake(i);
  }
}

// A warp's operation: it takes place when every lane of the mask waits at it, with the same mask.

LaneValues Block::MeetLanes(WarpOperation operation, unsigned mask, uint64_t value, Site site) {
  Thread& thread = *threads_[current_];
  const int warp = current_ / warpSize;
  if ((mask >> lane() & 1) == 0) {
    std::fprintf(stderr, "cuda_on_host: %s:%d: lane %d calls %s with mask %08x, in which it is not\n",
                 site.file, site.line, lane(), kOperationNames[static_cast<int>(operation)], mask);
    std::abort();
  }
  thread.state = State::kAtWarp;
  thread.operation = operation;
  thread.mask = mask;
  thread.value = value;
  thread.site = site;
  MeetIfAllAreThere(warp, operation, mask);
  Fiber::Suspend();
  return {mask & LanesOf(warp), thread.seen};
}

unsigned Block::LanesOf(int warp) const {
  const int lanes = thread_count_ - warp * warpSize;
  return lanes >= warpSize ? 0xffffffff : (1u << lanes) - 1;
}

void Block::MeetIfAllAreThere(int warp, WarpOperation operation, unsigned mask) {
  const unsigned lanes = mask & LanesOf(warp);
  uint64_t values[warpSize];
  std::memset(values, 0xcd, sizeof(values));
  for (int lane = 0; lane < warpSize; ++lane) {
    if ((lanes >> lane & 1) == 0) continue;
    const Thread& other = *threads_[warp * warpSize + lane];
    if (other.state != State::kAtWarp || other.operation != operation || other.mask != mask) return;
    values[lane] = other.value;
  }
  for (int lane = 0; lane < warpSize; ++lane) {
    if ((lanes >> lane & 1) == 0) continue;
    std::memcpy(threads_[warp * warpSize + lane]->seen, values, sizeof(values));
    Wake(warp * warpSize + lane);
  }
}

void Block::Interleave() {
  if (schedule_->Choose(4) != 0) return;
  Wake(current_);
  Fiber::Suspend();
}

// Messages.

void Block::ReportStall() const {
  constexpr int kMost = 8;
  std::fprintf(stderr, "cuda_on_host: deadlock in block (%u, %u, %u): %d of %d threads have returned\n",
               blockIdx.x, blockIdx.y, blockIdx.z, thread_count_ - live_, thread_count_);
  // One line for each place where threads wait, with the first of them.
  std::vector<int> told;
  for (int i = 0; i < thread_count_ && told.size() < kMost; ++i) {
    const Thread& thread = *threads_[i];
    if (thread.state == State::kReturned) continue;
    bool is_new = true;
    for (const int j : told) {
      const Thread& other = *threads_[j];
      if (other.state == thread.state && other.site.line == thread.site.line &&
          std::strcmp(other.site.file, thread.site.file) == 0) {
        is_new = false;
      }
    }
    if (!is_new) continue;
    told.push_back(i);
    const bool is_at_barrier = thread.state == State::kAtBarrier;
    std::fprintf(stderr, "  thread %d waits at %s (%s:%d)", i,
                 is_at_barrier ? "__syncthreads" : kOperationNames[static_cast<int>(thread.operation)],
                 thread.site.file, thread.site.line);
    if (!is_at_barrier) ReportLanes(i);
    std::fprintf(stderr, "\n");
  }
  std::abort();
}

// Why the warp's operation of `thread` does not take place: the first lane that is not there.
void Block::ReportLanes(int thread) const {
  const Thread& waiting = *threads_[thread];
  const int warp = thread / warpSize;
  std::fprintf(stderr, " with mask %08x", waiting.mask);
  const unsigned lanes = waiting.mask & LanesOf(warp);
  for (int lane = 0; lane < warpSize; ++lane) {
    if ((lanes >> lane & 1) == 0) continue;
    const Thread& other = *threads_[warp * warpSize + lane];
    const bool is_there = other.state == State::kAtWarp && other.operation == waiting.operation;
    if (is_there && other.mask == waiting.mask) continue;
    if (other.state == State::kReturned) {
      std::fprintf(stderr, ", but lane %d has returned", lane);
    } else if (is_there) {
      std::fprintf(stderr, ", but lane %d is there with mask %08x", lane, other.mask);
    } else {
      std::fprintf(stderr, ", but lane %d is elsewhere (%s:%d)", lane, other.site.file, other.site.line);
    }
    return;
  }
}

// What kernels call.

LaneValues MeetLanes(WarpOperation operation, unsigned mask, uint64_t value, Site site) {
  return Running(site)->MeetLanes(operation, mask, value, site);
}
BarrierVote MeetBlock(bool value, Site site) { return Running(site)->MeetBlock(value, site); }
int LaneOfThisThread() { return Running({__FILE__, __LINE__})->lane(); }
void Interleave() {
  if (running_block != nullptr) running_block->Interleave();
}

}  // namespace engram::cuda_on_host
