#ifndef ENGRAM_CORE_ENGINE_COUNT_ANSWER_H_
#define ENGRAM_CORE_ENGINE_COUNT_ANSWER_H_

#include <type_traits>

#include "core/engine/call.h"
#include "core/engine/energy.h"
#include "core/engine/engine_counters.h"
#include "core/engine/recall.h"

namespace engram {

// The kind of the queries that an Answer answers.
template <typename Answer>
struct KindOf;
template <>
struct KindOf<Retrieval> : std::integral_constant<QueryKind, QueryKind::kRetrieve> {};
template <>
struct KindOf<StateEnergy> : std::integral_constant<QueryKind, QueryKind::kEnergy> {};
template <>
struct KindOf<RetrievalGradient> : std::integral_constant<QueryKind, QueryKind::kDifferentiate> {};
template <>
struct KindOf<Memory> : std::integral_constant<QueryKind, QueryKind::kRecall> {};
template <>
struct KindOf<PatternSeparation> : std::integral_constant<QueryKind, QueryKind::kSeparation> {};

// Counts a query that has its answer.
template <typename Answer>
void CountAnswer(const Answer&, EngineCounters* counters) {
  counters->CountQuery(KindOf<Answer>::value, QueryEnd::kDone);
}
inline void CountAnswer(const Memory& memory, EngineCounters* counters) {
  counters->CountQuery(KindOf<Memory>::value, ToQueryEnd(memory.stop_reason));
}
inline void CountAnswer(const Retrieval& retrieval, EngineCounters* counters) {
  counters->CountQuery(KindOf<Retrieval>::value, ToQueryEnd(retrieval.stop_reason));
  counters->retrieval_sweeps.Add(retrieval.sweeps);
  counters->retrieval_updates.Add(retrieval.iterations);
}

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_COUNT_ANSWER_H_
