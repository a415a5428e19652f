#include "tests/cuda_on_host/fiber.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#if __has_feature(thread_sanitizer)
#define __SANITIZE_THREAD__ 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

#if !defined(ENGRAM_UCONTEXT_FIBERS)
// Keeps the registers that a function must keep on the stack, the stack in *from, and goes on where `to` was
// left. ucontext would make a system call for the signal mask, each time.
extern "C" void EngramSwitchStack(void** from, void* to);
asm(R"(
.text
.globl EngramSwitchStack
.type EngramSwitchStack, @function
EngramSwitchStack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size EngramSwitchStack, .-EngramSwitchStack
)");
#endif

namespace engram::cuda_on_host {
namespace {

constexpr size_t kGuardBytes = 64 << 10;  // A page, whatever a page is.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr size_t kStackBytes = 256 << 10;
#else
constexpr size_t kStackBytes = 64 << 10;
#endif

Fiber* running = nullptr;

#if !defined(ENGRAM_UCONTEXT_FIBERS)
void Switch(void** from, void** to) { EngramSwitchStack(from, *to); }
#else
void Switch(ucontext_t* from, ucontext_t* to) { swapcontext(from, to); }
#endif

}  // namespace

Fiber::Fiber() {
  mapping_ = mmap(nullptr, kGuardBytes + kStackBytes, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapping_ == MAP_FAILED || mprotect(mapping_, kGuardBytes, PROT_NONE) != 0) {
    std::perror("cuda_on_host: no stack for a thread");
    std::abort();
  }
  stack_ = static_cast<char*>(mapping_) + kGuardBytes;
#if defined(__SANITIZE_THREAD__)
  tsan_fiber_ = __tsan_create_fiber(0);
#endif
}

Fiber::~Fiber() {
#if defined(__SANITIZE_THREAD__)
  __tsan_destroy_fiber(tsan_fiber_);
#endif
  munmap(mapping_, kGuardBytes + kStackBytes);
}

void Fiber::Start(void (*function)(void*), void* argument) {
  function_ = function;
  argument_ = argument;
  has_returned_ = false;
#if defined(__SANITIZE_ADDRESS__)
  ASAN_UNPOISON_MEMORY_REGION(stack_, kStackBytes);  // The frame that never returned is still marked.
#endif
#if !defined(ENGRAM_UCONTEXT_FIBERS)
  // What EngramSwitchStack pops: six registers and where to go; above it a return address for nobody, so that
  // the stack is aligned as at a call.
  void** const top = reinterpret_cast<void**>(stack_ + kStackBytes);
  for (int i = 1; i <= 8; ++i) top[-i] = nullptr;
  top[-2] = reinterpret_cast<void*>(&Fiber::Run);
  context_ = top - 8;
#else
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = kStackBytes;
  context_.uc_link = nullptr;
  makecontext(&context_, &Fiber::Run, 0);
#endif
}

void Fiber::Resume() {
  running = this;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&resumer_fake_stack_, stack_, kStackBytes);
#endif
#if defined(__SANITIZE_THREAD__)
  tsan_resumer_ = __tsan_get_current_fiber();
  __tsan_switch_to_fiber(tsan_fiber_, 0);
#endif
  Switch(&resumer_, &context_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(resumer_fake_stack_, nullptr, nullptr);
#endif
  running = nullptr;
}

void Fiber::Leave([[maybe_unused]] bool for_good) {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_stack_, resumer_stack_, resumer_stack_bytes_);
#endif
#if defined(__SANITIZE_THREAD__)
  __tsan_switch_to_fiber(tsan_resumer_, 0);
#endif
  Switch(&context_, &resumer_);
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(fake_stack_, &resumer_stack_, &resumer_stack_bytes_);
#endif
}

void Fiber::Suspend() { running->Leave(false); }

void Fiber::Run() {
  Fiber* const fiber = running;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &fiber->resumer_stack_, &fiber->resumer_stack_bytes_);
#endif
  fiber->function_(fiber->argument_);
  fiber->has_returned_ = true;
  fiber->Leave(true);
  std::abort();
}

}  // namespace engram::cuda_on_host
