#ifndef ENGRAM_CORE_TRANSFORM_COMPENSATED_SUM_H_
#define ENGRAM_CORE_TRANSFORM_COMPENSATED_SUM_H_

#include <cmath>

namespace engram {

// A sum that carries its rounding errors along, so that what is added and taken away again leaves no trace.
//
// Source: Neumaier (1974), "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen".
class CompensatedSum {
 public:
  void Add(double value) {
    const double next = sum_ + value;
    lost_ += std::abs(sum_) >= std::abs(value) ? (sum_ - next) + value : (value - next) + sum_;
    sum_ = next;
  }
  double value() const { return sum_ + lost_; }
  // This sum less the other.
  double Less(const CompensatedSum& other) const { return (sum_ - other.sum_) + (lost_ - other.lost_); }

 private:
  double sum_ = 0;
  double lost_ = 0;
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_COMPENSATED_SUM_H_
