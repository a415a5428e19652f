#include "bench/rpc_report.h"

#include <algorithm>
#include <functional>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace engram::bench {
namespace {

using Json = nlohmann::ordered_json;
using Figure = double LoadResult::*;

constexpr double kMegabyte = 1e6;

std::vector<double> Pick(const std::vector<LoadResult>& results, Figure figure) {
  std::vector<double> values;
  for (const LoadResult& result : results) values.push_back(result.*figure);
  return values;
}

// Paired: each round with the same round of the other.
std::vector<double> Ratios(const std::vector<double>& above, const std::vector<double>& below) {
  std::vector<double> ratios(above.size());
  std::transform(above.begin(), above.end(), below.begin(), ratios.begin(), std::divides<double>());
  return ratios;
}

// "median [least, most]"
std::string Spread(std::vector<double> values, int decimals) {
  std::sort(values.begin(), values.end());
  return absl::StrFormat("%.*f [%.*f, %.*f]", decimals, values[values.size() / 2], decimals, values.front(),
                         decimals, values.back());
}

std::string Line(const char* name, const std::vector<LoadResult>& retrieve,
                 const std::vector<LoadResult>& echo, Figure figure) {
  const std::vector<double> ours = Pick(retrieve, figure);
  const std::vector<double> theirs = Pick(echo, figure);
  return absl::StrFormat("  %-24s %-26s %-26s %s\n", name, Spread(ours, 0), Spread(theirs, 0),
                         Spread(Ratios(ours, theirs), 3));
}

std::string ToTable(const Comparison& comparison) {
  const Rounds& retrieve = comparison.retrieve;
  const Rounds& echo = comparison.echo;
  return absl::StrCat(
      absl::StrFormat(
          "\n%s: %.0f bytes up, %.0f down; %.1f patterns with weight, %.1f updates, %.1f sweeps\n",
          comparison.name, comparison.request_bytes, comparison.response_bytes, comparison.support_size,
          comparison.updates, comparison.sweeps),
      absl::StrFormat("  %-24s %-26s %-26s %s\n", "", "Retrieve", "echo", "Retrieve / echo"),
      Line("1 in flight: p50 us", retrieve.alone, echo.alone, &LoadResult::p50_us),
      Line("             p99 us", retrieve.alone, echo.alone, &LoadResult::p99_us),
      Line("64 in flight: calls/s", retrieve.in_flight, echo.in_flight, &LoadResult::calls_per_second),
      Line("              p50 us", retrieve.in_flight, echo.in_flight, &LoadResult::p50_us),
      Line("              p99 us", retrieve.in_flight, echo.in_flight, &LoadResult::p99_us));
}

std::string MemoryTable(const RpcReport& report) {
  std::string table = absl::StrFormat(
      "\nMemory of the server, MB; %.1f resident when empty\n  %-24s %10s %14s %16s\n",
      report.empty_server.resident_bytes / kMegabyte, "", "rows", "memory_bytes", "resident growth");
  for (const BankMemory& bank : report.banks) {
    absl::StrAppendFormat(&table, "  %-24s %10.1f %14.1f %16.1f\n", bank.name, bank.row_bytes / kMegabyte,
                          bank.admitted_bytes / kMegabyte, bank.resident_bytes / kMegabyte);
  }
  absl::StrAppendFormat(&table, "  after the load: %.1f resident, %.1f at the peak\n",
                        report.server_after_load.resident_bytes / kMegabyte,
                        report.server_after_load.peak_bytes / kMegabyte);
  return table;
}

Json ToJson(const std::vector<LoadResult>& results) {
  return {{"calls_per_second", Pick(results, &LoadResult::calls_per_second)},
          {"p50_us", Pick(results, &LoadResult::p50_us)},
          {"p99_us", Pick(results, &LoadResult::p99_us)}};
}

Json ToJson(const Rounds& rounds) {
  return {{"1_in_flight", ToJson(rounds.alone)}, {"64_in_flight", ToJson(rounds.in_flight)}};
}

Json ToJson(const ProcessMemory& memory) {
  return {{"resident_bytes", memory.resident_bytes}, {"peak_bytes", memory.peak_bytes}};
}

}  // namespace

std::string ToTable(const RpcReport& report) {
  static_assert(kInFlight == 64, "The tables say 64.");
  std::string table =
      absl::StrCat("Median of ", report.round_count,
                   " rounds [least, most], Retrieve and echo in turn; seed ", report.seed, "\n");
  for (const Comparison& comparison : report.comparisons) absl::StrAppend(&table, ToTable(comparison));
  return table + MemoryTable(report);
}

std::string ToJson(const RpcReport& report) {
  Json json = {{"seed", report.seed}, {"rounds", report.round_count}};
  for (const Comparison& comparison : report.comparisons) {
    json["comparisons"].push_back({{"name", comparison.name},
                                   {"request_bytes", comparison.request_bytes},
                                   {"response_bytes", comparison.response_bytes},
                                   {"support_size", comparison.support_size},
                                   {"updates", comparison.updates},
                                   {"sweeps", comparison.sweeps},
                                   {"retrieve", ToJson(comparison.retrieve)},
                                   {"echo", ToJson(comparison.echo)}});
  }
  json["memory"] = {{"empty_server", ToJson(report.empty_server)},
                    {"server_after_load", ToJson(report.server_after_load)}};
  for (const BankMemory& bank : report.banks) {
    json["memory"]["banks"].push_back({{"name", bank.name},
                                       {"row_bytes", bank.row_bytes},
                                       {"admitted_bytes", bank.admitted_bytes},
                                       {"resident_bytes", bank.resident_bytes}});
  }
  return json.dump(2) + "\n";
}

}  // namespace engram::bench
