#include <CLI/CLI.hpp>
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/cli/commands.h"
#include "client/cli/exit_code.h"
#include "client/cli/npy.h"
#include "client/cli/number_text.h"
#include "client/cli/output.h"
#include "client/cli/pattern_writer.h"
#include "client/cli/wire_rows.h"

namespace engram::cli {
namespace {

// So few patterns fit in a message whatever their dimension; more come in chunks of the server's choice.
constexpr int64_t kOneChunk = 64;

struct ScanFlags {
  std::string bank;
  bool ids_only = false;
  std::optional<int64_t> limit;
};

v1::ScanPatternsRequest ToRequest(const ScanFlags& flags) {
  v1::ScanPatternsRequest request;
  request.set_bank(flags.bank);
  request.set_omit_rows(flags.ids_only);
  if (flags.limit.has_value() && *flags.limit <= kOneChunk) request.set_chunk_patterns(*flags.limit);
  return request;
}

// The patterns that are to be written. INTERNAL: the server's chunk does not fit together.
class Scan {
 public:
  Scan(const ScanFlags& flags, const Context& context)
      : ids_only_(flags.ids_only),
        limit_(flags.limit.value_or(std::numeric_limits<int64_t>::max())),
        writer_(context, !flags.ids_only),
        stream_(*context.out.stream) {}

  // Writes a chunk. False: there is nothing more to write.
  bool Take(const v1::ScanPatternsResponse& chunk) {
    status_ = Write(chunk);
    // Standard output may have been closed: `engram scan digits | head`.
    return status_.ok() && written_ < limit_ && stream_.good();
  }

  int64_t written() const { return written_; }
  const absl::Status& status() const { return status_; }

 private:
  absl::Status Write(const v1::ScanPatternsResponse& chunk) {
    const absl::StatusOr<Rows> patterns = FromWire(chunk.patterns(), chunk.ids_size());
    if (!patterns.ok()) return patterns.status();
    const absl::StatusOr<Rows> values = FromWire(chunk.values(), chunk.ids_size());
    if (!values.ok()) return values.status();
    if (!ids_only_ && patterns->count() != chunk.ids_size()) {
      return absl::InternalError(
          absl::StrCat("the response has ", patterns->count(), " patterns for ", chunk.ids_size(), " ids"));
    }
    const int64_t count = std::min<int64_t>(chunk.ids_size(), limit_ - written_);
    writer_.Write(chunk, *patterns, *values, count);
    written_ += count;
    return absl::OkStatus();
  }

  const bool ids_only_;
  const int64_t limit_;
  PatternWriter writer_;
  std::ostream& stream_;
  int64_t written_ = 0;
  absl::Status status_;
};

// The beginning of a .npy file, which has the number of its rows: how many will come, by what the bank has
// now.
class NpyCount {
 public:
  NpyCount(const ScanFlags& flags, const Screen& out) : flags_(flags), out_(out) {}

  absl::Status WriteBeginning(const Client& client) {
    const absl::StatusOr<v1::Bank> bank = client.GetBank(flags_.bank);
    if (!bank.ok()) return bank.status();
    dim_ = bank->dim();
    count_ = std::min(bank->pattern_count(), flags_.limit.value_or(bank->pattern_count()));
    if (out_.can_rewind) begin_ = out_.stream->tellp();
    *out_.stream << Beginning(count_);
    return absl::OkStatus();
  }

  // After `written` rows: if there came others than the bank had, writes the beginning again.
  // ABORTED: the file cannot be rewound.
  absl::Status Correct(int64_t written) {
    if (written == count_ || !out_.stream->good()) return absl::OkStatus();
    const std::string beginning = Beginning(written);
    if (begin_ == std::ostream::pos_type(-1) || beginning.size() != Beginning(count_).size() ||
        !out_.stream->seekp(begin_)) {
      return absl::AbortedError(
          absl::StrCat("the bank changed meanwhile: the .npy file has ", CountText(written),
                       " rows, its beginning says ", CountText(count_),
                       ". Scan again, to a file, whose beginning is corrected, or write --output csv or "
                       "json, which need no count"));
    }
    *out_.stream << beginning;
    out_.stream->seekp(0, std::ios::end);
    return absl::OkStatus();
  }

 private:
  std::string Beginning(int64_t count) const {
    return flags_.ids_only ? NpyIdsBeginning(count) : NpyBeginning(count, dim_);
  }

  const ScanFlags& flags_;
  const Screen& out_;
  int64_t dim_ = 0;
  int64_t count_ = 0;
  std::ostream::pos_type begin_ = std::ostream::pos_type(-1);
};

absl::Status RunScan(const ScanFlags& flags, const Context& context) {
  const std::vector<Output> allowed = {Output::kTable, Output::kJson, Output::kNpy, Output::kCsv};
  if (const absl::Status status = ValidateOutput(context, allowed); !status.ok()) return status;
  if (flags.limit.has_value() && *flags.limit < 1)
    return UsageError(absl::StrCat("--limit: got ", *flags.limit, ", allowed is 1 and above"));
  const Client client = context.connect(context.connection);
  NpyCount npy(flags, context.out);
  if (context.output == Output::kNpy) {
    if (const absl::Status status = npy.WriteBeginning(client); !status.ok()) return status;
  }
  Scan scan(flags, context);
  const absl::Status status =
      client.ScanPatterns(ToRequest(flags), [&scan](const auto& chunk) { return scan.Take(chunk); });
  if (!status.ok()) return status;
  if (!scan.status().ok()) return scan.status();
  return context.output == Output::kNpy ? npy.Correct(scan.written()) : absl::OkStatus();
}

}  // namespace

void AddScanCommand(CLI::App& app, Command* chosen) {
  auto flags = std::make_shared<ScanFlags>();
  CLI::App& scan = *app.add_subcommand("scan", "Write all patterns of a bank by ascending id");
  scan.add_option("BANK", flags->bank, "Name of the bank")->type_name("")->required();
  scan.add_flag("--ids-only", flags->ids_only, "Only ids and payloads, without the patterns");
  scan.add_option("--limit", flags->limit, "Stop after N patterns")->type_name("N");
  scan.footer(
      "Writes as patterns come, in constant memory, and goes on where it stopped when the server was away\n"
      "for a while. --output json writes one object a line, csv the numbers, npy the patterns [n, dim];\n"
      "with --ids-only csv and npy have the ids. All of them are read by 'engram store'. A .npy file begins\n"
      "with its number of rows; if the bank changes meanwhile that is corrected in a file, and an error in "
      "a\n"
      "pipe.\n\n"
      "Examples:\n"
      "  engram scan digits --limit 10\n"
      "  engram scan digits -o json | engram store copy - --format jsonl --create\n"
      "  engram scan digits -o npy > digits.npy; engram scan digits --ids-only -o csv > ids.txt");
  scan.callback([=] { *chosen = [=](const Context& context) { return RunScan(*flags, context); }; });
}

}  // namespace engram::cli
