#ifndef ENGRAM_CORE_TRANSFORM_SEQUENCE_H_
#define ENGRAM_CORE_TRANSFORM_SEQUENCE_H_

#include <cstdint>
#include <vector>

namespace engram {

// A subset of k members of a chain.
struct Sequence {
  std::vector<int32_t> ones;  // [k], ascending.
  int64_t pairs = 0;          // Neighbours that are both in it.
};

inline bool operator==(const Sequence& a, const Sequence& b) { return a.ones == b.ones; }

// The members of a bank from which sequences are chosen, in the order of the bank.
struct SequenceChain {
  int64_t k = 1;
  double edge = 0;             // What each pair of neighbours scores; finite.
  std::vector<double> scores;  // [m]
  std::vector<char> joined;    // [m]: whether a member is the neighbour of the one before it.
};

}  // namespace engram

#endif  // ENGRAM_CORE_TRANSFORM_SEQUENCE_H_
