#ifndef ENGRAM_SERVER_FILL_RECALL_H_
#define ENGRAM_SERVER_FILL_RECALL_H_

#include <cstdint>

#include "core/bank/bank_snapshot.h"
#include "core/engine/recall.h"
#include "core/engine/separation_report.h"
#include "engram/v1/associative_memory.pb.h"
#include "server/parse_recall.h"

namespace engram {

// As in fill_response.h, for the streams that go through a bank. The sizes of responses are known before
// there is anything to fill.

// Largest number of bytes of a memory.
int64_t MemoryMessageBytes(const BankSettings& bank);
v1::RecallResponse FillMemory(const Memory& memory, const BankSnapshot& bank, v1::MatrixEncoding encoding);

// Largest number of bytes of a report on a bank of `pattern_count` patterns.
int64_t ReportMessageBytes(const ReportCall& call, int64_t pattern_count);
void FillReport(const SeparationReport& report, int64_t version, v1::SeparationReport* wire);

}  // namespace engram

#endif  // ENGRAM_SERVER_FILL_RECALL_H_
