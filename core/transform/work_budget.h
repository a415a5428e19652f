#ifndef ENGRAM_CORE_TRANSFORM_WORK_BUDGET_H_
#define ENGRAM_CORE_TRANSFORM_WORK_BUDGET_H_

#include <cstdint>

namespace engram {

// The work that is left to a search, in nanoseconds, roughly: counted, not measured, so that the result does
// not depend on the machine. Not thread-safe.
class WorkBudget {
 public:
  explicit WorkBudget(int64_t left) : left_(left) {}

  bool is_spent() const { return left_ <= 0; }
  bool Covers(int64_t work) const { return work <= left_; }
  void Spend(int64_t work) { left_ -= work; }

 private:
  int64_t left_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_WORK_BUDGET_H_
