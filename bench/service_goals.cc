#include "bench/service_goals.h"

#include <algorithm>

#include "absl/strings/str_format.h"
#include "nlohmann/json.hpp"

namespace engram::bench {
namespace {

std::string BoundOf(const Goal& goal) {
  switch (goal.kind) {
    case Goal::Kind::kAtMost:
      return absl::StrFormat("<= %g", goal.bound);
    case Goal::Kind::kAtLeast:
      return absl::StrFormat(">= %g", goal.bound);
    case Goal::Kind::kNone:
      break;
  }
  return "";
}

std::string Verdict(const Goal& goal) {
  if (goal.kind == Goal::Kind::kNone) return "";
  return IsMet(goal) ? "met" : "MISSED";
}

}  // namespace

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

bool IsMet(const Goal& goal) {
  const double median = Median(goal.values);
  return goal.kind == Goal::Kind::kAtMost ? median <= goal.bound : median >= goal.bound;
}

std::string ToTable(const std::vector<Goal>& goals) {
  std::string table;
  for (const Goal& goal : goals) {
    const auto [least, most] = std::minmax_element(goal.values.begin(), goal.values.end());
    absl::StrAppendFormat(&table, "%-4s %-58s %10.3f [%.3f, %.3f]  %-8s %s\n", goal.id, goal.what,
                          Median(goal.values), *least, *most, BoundOf(goal), Verdict(goal));
  }
  return table;
}

std::string ToJson(const std::vector<Goal>& goals) {
  nlohmann::ordered_json json = nlohmann::ordered_json::array();
  for (const Goal& goal : goals) {
    json.push_back({{"id", goal.id}, {"what", goal.what}, {"median", Median(goal.values)}});
    if (goal.kind != Goal::Kind::kNone) {
      json.back()[goal.kind == Goal::Kind::kAtMost ? "at_most" : "at_least"] = goal.bound;
      json.back()["met"] = IsMet(goal);
    }
    json.back()["values"] = goal.values;
  }
  return json.dump(2) + "\n";
}

}  // namespace engram::bench
