#include "client/cli/memory_report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/number_text.h"
#include "client/cli/pattern_report.h"
#include "client/cli/retrieval_report.h"

namespace engram::cli {

MemoryTable::MemoryTable(const Screen& screen)
    : table_(screen, {{"memory", 6, true},
                      {"id", 9, true},
                      {"weight", 9, true},
                      {"support", 7, true},
                      {"iterations", 10, true},
                      {"stopped at", 11, false}}) {}

void MemoryTable::Add(const v1::RecallResponse& memory) {
  table_.AddRow({absl::StrCat(++count_), absl::StrCat(memory.id()), NumberText(memory.weight()),
                 CountText(memory.support_size()), absl::StrCat(memory.iterations()),
                 StopReasonText(memory.stop_reason())});
}

Json MemoryJson(const v1::RecallResponse& memory, const Rows& state, const Rows& value) {
  Json json = {{"id", memory.id()},
               {"weight", memory.weight()},
               {"support_size", memory.support_size()},
               {"iterations", memory.iterations()},
               {"stop_reason", StopReasonName(memory.stop_reason())},
               {"version", memory.version()}};
  if (state.count() > 0) json["state"] = NumbersJson(state.row(0));
  if (value.count() > 0) json["value"] = NumbersJson(value.row(0));
  return json;
}

}  // namespace engram::cli
