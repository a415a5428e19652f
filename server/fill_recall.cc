#include "server/fill_recall.h"

#include <algorithm>

#include "server/fill_response.h"
#include "server/matrix_filler.h"

namespace engram {

int64_t MemoryMessageBytes(const BankSettings& bank) { return (bank.dim + bank.value_dim) * 4 + 192; }

v1::RecallResponse FillMemory(const Memory& memory, const BankSnapshot& bank, v1::MatrixEncoding encoding) {
  v1::RecallResponse response;
  response.set_id(memory.id);
  response.set_weight(memory.weight);
  MatrixFiller(1, bank.settings().dim, encoding, response.mutable_state()).AddRounded(memory.state);
  if (bank.settings().value_dim > 0) {
    MatrixFiller(1, bank.settings().value_dim, encoding, response.mutable_value()).AddRounded(memory.value);
  }
  response.set_iterations(memory.iterations);
  response.set_support_size(memory.support_size);
  response.set_stop_reason(FillStopReason(memory.stop_reason));
  response.set_version(bank.version());
  return response;
}

int64_t ReportMessageBytes(const ReportCall& call, int64_t pattern_count) {
  // Two ids, a number and the lengths; an edge and a count.
  return 40 * std::min(call.max_pairs, pattern_count) + 20 * call.bins + 512;
}

void FillReport(const SeparationReport& report, int64_t version, v1::SeparationReport* wire) {
  wire->set_required_separation(report.required_separation);
  wire->set_exact_count(report.exact_count);
  wire->set_duplicate_count(report.duplicate_count);
  wire->set_dominated_count(report.dominated_count);
  wire->set_min_separation(report.min_separation);
  wire->set_median_separation(report.median_separation);
  wire->set_max_separation(report.max_separation);
  wire->mutable_histogram_edges()->Add(report.histogram_edges.begin(), report.histogram_edges.end());
  wire->mutable_histogram_counts()->Add(report.histogram_counts.begin(), report.histogram_counts.end());
  for (const PatternSeparation& pair : report.pairs) {
    v1::SeparationReport::Pair* wire_pair = wire->add_pairs();
    wire_pair->set_id(pair.id);
    wire_pair->set_other_id(pair.other_id);
    wire_pair->set_separation(pair.separation);
  }
  for (const SeparationReport::Suggestion& suggestion : report.suggestions) {
    v1::SeparationReport::Suggestion* wire_suggestion = wire->add_suggestions();
    wire_suggestion->set_share(suggestion.share);
    wire_suggestion->set_beta(suggestion.beta);
  }
  wire->set_version(version);
}

}  // namespace engram
