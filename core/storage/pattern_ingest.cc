#include "core/storage/pattern_ingest.h"

#include <algorithm>
#include <vector>

#include "core/storage/bank_record.h"
#include "core/storage/storage_key.h"
#include "core/storage/table_ingest.h"

namespace engram {
namespace {

// What becomes of one id: a row of a change, or nothing.
struct Outcome {
  uint64_t id;
  int64_t step;             // The place among all that the changes do; the last one of an id counts.
  const PatternRows* rows;  // nullptr: it is deleted.
  int64_t row;
};

std::vector<Outcome> Fold(absl::Span<const PatternChange> changes) {
  std::vector<Outcome> outcomes;
  for (const PatternChange& change : changes) {
    for (size_t i = 0; i < change.stored.ids.size(); ++i) {
      const auto step = static_cast<int64_t>(outcomes.size());
      outcomes.push_back({change.stored.ids[i], step, &change.stored, static_cast<int64_t>(i)});
    }
    for (const uint64_t id : change.deleted_ids) {
      outcomes.push_back({id, static_cast<int64_t>(outcomes.size()), nullptr, 0});
    }
  }
  // The last of each id first among its equals, which unique() keeps.
  std::sort(outcomes.begin(), outcomes.end(),
            [](const Outcome& a, const Outcome& b) { return a.id != b.id ? a.id < b.id : a.step > b.step; });
  outcomes.erase(std::unique(outcomes.begin(), outcomes.end(),
                             [](const Outcome& a, const Outcome& b) { return a.id == b.id; }),
                 outcomes.end());
  return outcomes;
}

rocksdb::Status WriteRows(const std::vector<Outcome>& outcomes, int64_t bank_id,
                          rocksdb::SstFileWriter* writer) {
  std::string record;
  for (const Outcome& outcome : outcomes) {
    const std::string key = PatternKey(bank_id, outcome.id);
    rocksdb::Status written;
    if (outcome.rows == nullptr) {
      written = writer->Delete(key);
    } else {
      const PatternRows& rows = *outcome.rows;
      EncodePattern(rows.patterns.row(outcome.row), rows.value(outcome.row), rows.payload(outcome.row),
                    &record);
      written = writer->Put(key, record);
    }
    if (!written.ok()) return written;
  }
  return rocksdb::Status::OK();
}

}  // namespace

absl::Status IngestChanges(RocksDatabase* database, uint64_t number, int64_t bank_id,
                           absl::Span<const PatternChange> changes, const BankCounts& counts) {
  return IngestTables(
      database, number,
      [&](rocksdb::SstFileWriter* table) { return WriteRows(Fold(changes), bank_id, table); },
      [&](rocksdb::SstFileWriter* table) { return table->Put(CountsKey(bank_id), EncodeCounts(counts)); },
      "a large store");
}

}  // namespace engram
