#include "client/cli/pattern_writer.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/number_text.h"
#include "client/cli/output.h"
#include "client/cli/pattern_report.h"

namespace engram::cli {
namespace {

// Wide enough for the ids that a server assigns and for the numbers that NumbersText shows.
constexpr int kIdWidth = 9;
constexpr int kNumbersWidth = 60;
constexpr int kPayloadWidth = 20;

std::vector<LineTable::Column> Columns(bool has_rows, bool has_values) {
  std::vector<LineTable::Column> columns = {{"id", kIdWidth, true}, {"payload", kPayloadWidth, false}};
  if (has_rows) columns.push_back({"pattern", kNumbersWidth, false});
  if (has_values) columns.push_back({"value", kNumbersWidth, false});
  return columns;
}

std::string PayloadAt(const v1::ScanPatternsResponse& chunk, int index) {
  return index < chunk.payloads_size() ? chunk.payloads(index) : "";
}

absl::Span<const float> RowAt(const Rows& rows, int index) {
  return rows.count() > 0 ? rows.row(index) : absl::Span<const float>();
}

}  // namespace

PatternWriter::PatternWriter(const Context& context, bool has_rows)
    : context_(context), has_rows_(has_rows) {}

void PatternWriter::Write(const v1::ScanPatternsResponse& chunk, const Rows& patterns, const Rows& values,
                          int64_t count) {
  for (int i = 0; i < static_cast<int>(count); ++i) {
    switch (context_.output) {
      case Output::kTable:
        WriteTableLine(chunk, patterns, values, i);
        break;
      case Output::kJson:
        WriteJsonLine(chunk, patterns, values, i);
        break;
      case Output::kCsv:
        WriteCsvLine(chunk, patterns, i);
        break;
      case Output::kNpy:
        WriteNumbers(chunk, patterns, i);
        break;
    }
  }
  *context_.out.stream << std::flush;
}

void PatternWriter::WriteTableLine(const v1::ScanPatternsResponse& chunk, const Rows& patterns,
                                   const Rows& values, int i) {
  std::vector<std::string> cells = {absl::StrCat(chunk.ids(i)), PayloadText(PayloadAt(chunk, i))};
  if (has_rows_) cells.push_back(NumbersText(RowAt(patterns, i)));
  if (values.count() > 0) cells.push_back(NumbersText(RowAt(values, i)));
  if (!table_.has_value()) table_.emplace(context_.out, Columns(has_rows_, values.count() > 0));
  table_->AddRow(cells);
}

void PatternWriter::WriteJsonLine(const v1::ScanPatternsResponse& chunk, const Rows& patterns,
                                  const Rows& values, int i) {
  PrintJson(PatternJson(chunk.ids(i), RowAt(patterns, i), RowAt(values, i), PayloadAt(chunk, i)), context_);
}

void PatternWriter::WriteCsvLine(const v1::ScanPatternsResponse& chunk, const Rows& patterns, int i) {
  std::string line = has_rows_ ? "" : absl::StrCat(chunk.ids(i));
  for (const float number : RowAt(patterns, i))
    absl::StrAppend(&line, line.empty() ? "" : ",", ShortText(number));
  *context_.out.stream << line << '\n';
}

void PatternWriter::WriteNumbers(const v1::ScanPatternsResponse& chunk, const Rows& patterns, int i) {
  const auto id = static_cast<int64_t>(chunk.ids(i));
  const absl::Span<const float> row = RowAt(patterns, i);
  if (has_rows_) {
    context_.out.stream->write(reinterpret_cast<const char*>(row.data()),
                               static_cast<std::streamsize>(row.size() * sizeof(float)));
  } else {
    context_.out.stream->write(reinterpret_cast<const char*>(&id), sizeof id);
  }
}

}  // namespace engram::cli
