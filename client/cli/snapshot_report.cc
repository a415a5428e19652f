#include "client/cli/snapshot_report.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "client/cli/bank_report.h"
#include "client/cli/number_text.h"
#include "client/cli/time_text.h"

namespace engram::cli {
namespace {

const char* PlaceText(v1::SnapshotPlace place) {
  return place == v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY ? "backup_directory" : "data_directory";
}

// What a table says of something that may be damaged.
const char* StateText(const std::string& damage) { return damage.empty() ? "readable" : "damaged"; }

}  // namespace

Table SnapshotTable(const std::vector<v1::Snapshot>& snapshots) {
  Table table({"name", "created", "banks", "patterns", "size", "state"});
  for (const v1::Snapshot& snapshot : snapshots) {
    table.AddRow({snapshot.name(), TimeText(snapshot.create_time()), CountText(snapshot.bank_count()),
                  CountText(snapshot.pattern_count()), BytesText(snapshot.file_bytes()),
                  StateText(snapshot.damage())});
  }
  return table;
}

Table SnapshotDetails(const v1::Snapshot& snapshot) {
  Table table({});
  table.AddRow({"name", snapshot.name()});
  table.AddRow({"created", TimeText(snapshot.create_time())});
  table.AddRow({"banks", CountText(snapshot.bank_count())});
  table.AddRow({"patterns", CountText(snapshot.pattern_count())});
  table.AddRow({"size", BytesText(snapshot.file_bytes())});
  table.AddRow({"state", StateText(snapshot.damage())});
  if (!snapshot.damage().empty()) table.AddRow({"reason", snapshot.damage()});
  return table;
}

Table SnapshotBankTable(const v1::Snapshot& snapshot) {
  Table table({"bank", "patterns", "dim", "value dim", "version", "durability", "state"});
  for (const v1::SnapshotBank& bank : snapshot.banks()) {
    table.AddRow({bank.name().empty() ? "-" : bank.name(), CountText(bank.pattern_count()),
                  absl::StrCat(bank.dim()), bank.value_dim() == 0 ? "-" : absl::StrCat(bank.value_dim()),
                  absl::StrCat(bank.version()), DurabilityText(bank.durability()),
                  bank.damage().empty() ? StateText("") : absl::StrCat("damaged: ", bank.damage())});
  }
  return table;
}

Json SnapshotJson(const v1::Snapshot& snapshot) {
  return {{"name", snapshot.name()},
          {"place", PlaceText(snapshot.place())},
          {"create_time", TimeText(snapshot.create_time())},
          {"file_bytes", snapshot.file_bytes()},
          {"bank_count", snapshot.bank_count()},
          {"pattern_count", snapshot.pattern_count()},
          {"damage", snapshot.damage()}};
}

Json SnapshotWithBanksJson(const v1::Snapshot& snapshot) {
  Json json = SnapshotJson(snapshot);
  json["banks"] = Json::array();
  for (const v1::SnapshotBank& bank : snapshot.banks()) {
    json["banks"].push_back({{"name", bank.name()},
                             {"dim", bank.dim()},
                             {"value_dim", bank.value_dim()},
                             {"pattern_count", bank.pattern_count()},
                             {"version", bank.version()},
                             {"durability", DurabilityText(bank.durability())},
                             {"damage", bank.damage()}});
  }
  return json;
}

}  // namespace engram::cli
