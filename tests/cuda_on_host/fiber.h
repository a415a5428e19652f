#ifndef ENGRAM_TESTS_CUDA_ON_HOST_FIBER_H_
#define ENGRAM_TESTS_CUDA_ON_HOST_FIBER_H_

// ENGRAM_UCONTEXT_FIBERS asks for what other processors have.
#if !defined(__x86_64__) && !defined(ENGRAM_UCONTEXT_FIBERS)
#define ENGRAM_UCONTEXT_FIBERS
#endif
#if defined(ENGRAM_UCONTEXT_FIBERS)
#include <ucontext.h>
#endif

#include <cstddef>

namespace engram::cuda_on_host {

// A function with a stack of its own, which runs by turns with the thread that resumes it. Its stack ends in
// a page that may not be touched. One at a time runs in the whole process; the caller sees to that.
class Fiber {
 public:
  Fiber();
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // The next Resume calls `function(argument)`. Not while it is suspended in another call.
  void Start(void (*function)(void*), void* argument);
  // Runs it until it suspends itself or its function has returned.
  void Resume();
  // Returns to whoever resumed the fiber that calls this.
  static void Suspend();
  bool has_returned() const { return has_returned_; }

 private:
#if defined(ENGRAM_UCONTEXT_FIBERS)
  using Context = ucontext_t;
#else
  using Context = void*;  // The stack's top, where the registers lie.
#endif

  static void Run();
  void Leave(bool for_good);

  void* mapping_;
  char* stack_;  // Its lowest byte.
  void (*function_)(void*) = nullptr;
  void* argument_ = nullptr;
  bool has_returned_ = true;
  Context context_{};
  Context resumer_{};
  // What the sanitizers know each stack by.
  [[maybe_unused]] void* fake_stack_ = nullptr;
  [[maybe_unused]] void* resumer_fake_stack_ = nullptr;
  [[maybe_unused]] const void* resumer_stack_ = nullptr;
  [[maybe_unused]] size_t resumer_stack_bytes_ = 0;
  [[maybe_unused]] void* tsan_fiber_ = nullptr;
  [[maybe_unused]] void* tsan_resumer_ = nullptr;
};

}  // namespace engram::cuda_on_host

#endif  // ENGRAM_TESTS_CUDA_ON_HOST_FIBER_H_
