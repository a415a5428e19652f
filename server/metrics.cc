#include "server/metrics.h"

#include <memory>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "server/device_metrics.h"
#include "server/engine_metrics.h"

namespace engram {
namespace {

// Banks are listed so many at a time: nobody who looks for one waits for all.
constexpr int64_t kBanksAtATime = 1000;

MetricFamilies::Labels LabelOf(const MemoryBank& bank) { return {{"bank", bank.settings()->name}}; }

}  // namespace

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  MetricFamilies families;
  AddServer(&families);
  AddCalls(&families);
  AddEngineMetrics(sources_.engine->counters(), sources_.sweeper->counts(), &families);
  AddDeviceMetrics(*sources_.sweeper, &families);
  AddQueue(&families);
  AddMemory(&families);
  AddBanks(&families);
  return families.Take();
}

void Metrics::AddServer(MetricFamilies* families) const {
  const v1::GetCapabilitiesResponse& capabilities = sources_.capabilities;
  const v1::Device& device = capabilities.devices(0);
  families->Info("engram_build_info", "Always 1; the version of the server is the label.",
                 {{"version", capabilities.server_version()}});
  families->Info("engram_backend_info",
                 "Always 1; the labels tell where sweeps run, with which instruction sets, and why.",
                 {{"backend", capabilities.backend()},
                  {"reason", capabilities.backend_reason()},
                  {"instruction_set", device.instruction_set()},
                  {"screening_instruction_set", device.screening_instruction_set()},
                  {"screening_reason", sources_.screening_reason}});
  families->Gauge("engram_sweep_threads", "Threads that take part in one sweep at most.");
  families->Add(device.threads());
}

void Metrics::AddCalls(MetricFamilies* families) const {
  families->Counter(
      "engram_calls_total",
      "Calls that have ended, by RPC and gRPC code. A stream is one call, however many messages "
      "it has.");
  for (size_t method = 0; method < kMethods; ++method) {
    const MethodCounters* const counters = sources_.calls->of(static_cast<Method>(method));
    // Those of 0 as well: an error that was never seen before must show as an increase.
    for (size_t code = 0; code < kCodes; ++code) {
      families->Add({{"method", kMethodNames[method]},
                     {"code", absl::StatusCodeToString(static_cast<absl::StatusCode>(code))}},
                    counters->count(static_cast<grpc::StatusCode>(code)));
    }
  }
}

void Metrics::AddQueue(MetricFamilies* families) const {
  families->Gauge("engram_queue_queries", "Queries waiting and in flight.");
  families->Add(sources_.engine->queued());
  families->Gauge("engram_queue_limit_queries",
                  "Largest number of queries waiting and in flight: queue-capacity.");
  families->Add(sources_.capabilities.limits().queue_capacity());
  families->Counter(
      "engram_queue_refusals_total",
      "Requests that found the queue full. The caller gets RESOURCE_EXHAUSTED and is told when to "
      "retry; a RetrieveStream keeps its request and tries again by itself.");
  families->Add(sources_.engine->counters().refused_calls.value());
}

void Metrics::AddMemory(MetricFamilies* families) const {
  // Before they are counted, so that they take up none.
  sources_.uploads->DropStale();
  families->Gauge("engram_memory_used_bytes",
                  "Memory taken from the budget: banks, atomic uploads, recalls and reports under way.");
  families->Add(sources_.budget->used_bytes());
  families->Gauge("engram_memory_budget_bytes",
                  "Memory that may be taken in all: memory-budget-bytes. Above it a Store gets "
                  "RESOURCE_EXHAUSTED.");
  families->Add(sources_.budget->limit_bytes());
  families->Gauge("engram_uploads", "BulkStore uploads that are not finished, with a stream or without.");
  families->Add(sources_.uploads->count());
}

void Metrics::AddBanks(MetricFamilies* families) const {
  std::vector<std::shared_ptr<MemoryBank>> listed;
  int64_t bank_count = 0;
  int64_t serving_count = 0;
  int64_t pattern_count = 0;
  std::vector<BankEntry> entries;
  do {
    entries = sources_.banks->List(entries.empty() ? "" : entries.back().name, kBanksAtATime);
    for (const BankEntry& entry : entries) {
      ++bank_count;
      if (entry.bank == nullptr) continue;
      if (serving_count++ < kMaxListedBanks) listed.push_back(entry.bank);
      pattern_count += entry.bank->Pin().pattern_count();
    }
  } while (static_cast<int64_t>(entries.size()) == kBanksAtATime);
  families->Gauge("engram_banks", "Banks.");
  families->Add(bank_count);
  families->Gauge("engram_banks_not_serving",
                  "Banks that are being loaded, or that could not be: the log says why.");
  families->Add(bank_count - serving_count);
  families->Gauge("engram_banks_limit", "Largest number of banks: max-banks.");
  families->Add(sources_.capabilities.limits().max_banks());
  families->Gauge("engram_patterns", "Patterns in all banks.");
  families->Add(pattern_count);
  AddListedBanks(listed, families);
}

void Metrics::AddListedBanks(const std::vector<std::shared_ptr<MemoryBank>>& banks,
                             MetricFamilies* families) const {
  const std::string which = absl::StrCat("; of the first ", kMaxListedBanks, " banks by name.");
  families->Gauge("engram_bank_patterns", absl::StrCat("Patterns of a bank", which));
  for (const auto& bank : banks) families->Add(LabelOf(*bank), bank->Pin().pattern_count());
  families->Gauge("engram_bank_version",
                  absl::StrCat("Version of a bank, larger after each change of its patterns", which));
  for (const auto& bank : banks) families->Add(LabelOf(*bank), bank->Pin().version());
  families->Gauge("engram_bank_memory_bytes",
                  absl::StrCat("Memory of a bank: rows, values, payloads, codes and index", which));
  for (const auto& bank : banks) families->Add(LabelOf(*bank), bank->memory_bytes());
  families->Gauge("engram_bank_device_bytes",
                  absl::StrCat("Memory of a bank on the device of the backend, 0 if it is not there", which));
  for (const auto& bank : banks) families->Add(LabelOf(*bank), bank->device_bytes());
}

}  // namespace engram
