#include "client/cli/separation_report.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "client/cli/number_text.h"

namespace engram::cli {
namespace {

constexpr int kWidestBar = 40;
// Eighths of a character, from one to eight.
constexpr const char* kEighths[] = {"▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"};

std::string ShareText(int64_t part, int64_t whole) {
  const double share = whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
  return absl::StrFormat("%s of %s (%.4g %%)", CountText(part), CountText(whole), 100 * share);
}

// A bar whose full length means `largest`; what is not 0 has one. Only a terminal can be trusted to know the
// block characters.
std::string CountBar(int64_t count, int64_t largest, bool is_terminal) {
  if (count == 0 || largest == 0) return "";
  const double length = kWidestBar * static_cast<double>(count) / static_cast<double>(largest);
  if (!is_terminal) return std::string(static_cast<size_t>(std::max(1.0, std::round(length))), '#');
  const auto eighths = static_cast<int>(std::max(1.0, std::round(8 * length)));
  std::string bar;
  for (int i = 0; i < eighths / 8; ++i) bar += kEighths[7];
  if (eighths % 8 > 0) bar += kEighths[eighths % 8 - 1];
  return bar;
}

// Rounded up in the last of six digits, because the smallest beta that will do must do.
std::string BetaText(double beta) {
  if (!(beta > 0) || !std::isfinite(beta)) return NumberText(beta);
  const double unit = std::pow(10, std::floor(std::log10(beta)) - 5);
  const double rounded = std::round(beta / unit) * unit;
  return NumberText(rounded < beta ? (std::round(beta / unit) + 1) * unit : rounded);
}

template <typename Number>
Json ArrayJson(const google::protobuf::RepeatedField<Number>& numbers) {
  Json json = Json::array();
  for (const Number number : numbers) json.push_back(number);
  return json;
}

}  // namespace

Table SeparationTable(const v1::SeparationReport& report, int64_t pattern_count) {
  Table table({});
  table.AddRow({"patterns", CountText(pattern_count)});
  table.AddRow({"required separation", NumberText(report.required_separation())});
  table.AddRow({"retrieved exactly", ShareText(report.exact_count(), pattern_count)});
  table.AddRow({"duplicates", CountText(report.duplicate_count())});
  table.AddRow({"dominated", CountText(report.dominated_count())});
  table.AddRow({"smallest separation", NumberText(report.min_separation())});
  table.AddRow({"median separation", NumberText(report.median_separation())});
  table.AddRow({"largest separation", NumberText(report.max_separation())});
  table.AddRow({"version", absl::StrCat(report.version())});
  return table;
}

Table SeparationHistogram(const v1::SeparationReport& report, const Screen& screen) {
  Table table({"separation from", "to", "patterns", ""});
  // Counts what both lists have: a response may have been cut.
  const int bins = std::min(report.histogram_counts_size(), report.histogram_edges_size() - 1);
  int64_t largest = 0;
  for (const int64_t count : report.histogram_counts()) largest = std::max(largest, count);
  for (int i = 0; i < bins; ++i) {
    const int64_t count = report.histogram_counts(i);
    table.AddRow({NumberText(report.histogram_edges(i)), NumberText(report.histogram_edges(i + 1)),
                  CountText(count), CountBar(count, largest, screen.is_terminal)});
  }
  return table;
}

Table ConfusablePairs(const v1::SeparationReport& report) {
  Table table({"id", "confused with", "separation"});
  for (const v1::SeparationReport::Pair& pair : report.pairs()) {
    table.AddRow({absl::StrCat(pair.id()), absl::StrCat(pair.other_id()), NumberText(pair.separation())});
  }
  return table;
}

std::string SuggestionsText(const v1::SeparationReport& report) {
  if (std::isinf(report.required_separation()) && report.required_separation() > 0)
    return "This transformation has no margin: it retrieves nothing exactly, at any beta. Entmax does.\n";
  std::string text;
  for (const v1::SeparationReport::Suggestion& suggestion : report.suggestions()) {
    const std::string share = absl::StrFormat("%.4g %% of the patterns exactly", 100 * suggestion.share());
    if (std::isfinite(suggestion.beta())) {
      absl::StrAppend(&text, "beta >= ", BetaText(suggestion.beta()), " retrieves ", share, "\n");
    } else {
      absl::StrAppend(&text, "no beta retrieves ", share, "\n");
    }
  }
  return text;
}

Json SeparationJson(const v1::SeparationReport& report, int64_t pattern_count) {
  Json pairs = Json::array();
  for (const v1::SeparationReport::Pair& pair : report.pairs()) {
    pairs.push_back(
        {{"id", pair.id()}, {"other_id", pair.other_id()}, {"separation", NumberJson(pair.separation())}});
  }
  Json suggestions = Json::array();
  for (const v1::SeparationReport::Suggestion& suggestion : report.suggestions()) {
    suggestions.push_back({{"share", suggestion.share()}, {"beta", NumberJson(suggestion.beta())}});
  }
  return {{"version", report.version()},
          {"pattern_count", pattern_count},
          {"required_separation", NumberJson(report.required_separation())},
          {"exact_count", report.exact_count()},
          {"duplicate_count", report.duplicate_count()},
          {"dominated_count", report.dominated_count()},
          {"min_separation", NumberJson(report.min_separation())},
          {"median_separation", NumberJson(report.median_separation())},
          {"max_separation", NumberJson(report.max_separation())},
          {"histogram_edges", ArrayJson(report.histogram_edges())},
          {"histogram_counts", ArrayJson(report.histogram_counts())},
          {"pairs", std::move(pairs)},
          {"suggestions", std::move(suggestions)}};
}

}  // namespace engram::cli
