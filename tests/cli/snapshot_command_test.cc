// The commands on snapshots, and the same on backups.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "tests/cli/command_runner.h"

namespace engram::cli {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Of a snapshot "s" that the server has.
class SnapshotCommandTest : public CommandRunner {
 protected:
  SnapshotCommandTest() {
    v1::Snapshot& snapshot = *server_->get_snapshot->mutable_snapshot();
    snapshot.set_name("s");
    snapshot.set_place(v1::SNAPSHOT_PLACE_DATA_DIRECTORY);
    snapshot.mutable_create_time()->set_seconds(1'795'342'500);
    snapshot.set_file_bytes(1536);
  }

  v1::SnapshotBank& AddBank(const std::string& name) {
    v1::Snapshot& snapshot = *server_->get_snapshot->mutable_snapshot();
    v1::SnapshotBank& bank = *snapshot.add_banks();
    bank.set_name(name);
    bank.set_dim(64);
    bank.set_pattern_count(1797);
    bank.set_version(3);
    bank.set_durability(v1::DURABILITY_SYNCED);
    snapshot.set_bank_count(snapshot.banks_size());
    snapshot.set_pattern_count(1797 * snapshot.banks_size());
    return bank;
  }
  // The bank that the server has.
  void SetExisting(const std::string& name) { server_->get_bank->mutable_bank()->set_name(name); }
};

TEST_F(SnapshotCommandTest, EachPlaceHasTheSameCommands) {
  EXPECT_EQ(Run({"snapshot", "list"}), 0);
  EXPECT_EQ(server_->listed_snapshots.place(), v1::SNAPSHOT_PLACE_DATA_DIRECTORY);
  EXPECT_EQ(Run({"backup", "list"}), 0);
  EXPECT_EQ(server_->listed_snapshots.place(), v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY);
  for (const char* command : {"create", "list", "show", "verify", "restore", "delete"}) {
    EXPECT_EQ(Run({"snapshot", command, "--help"}), 0);
    const std::string help = out_.str();
    EXPECT_THAT(help, HasSubstr(std::string("Example")));
    EXPECT_THAT(help, HasSubstr(std::string("engram snapshot ") + command));
    EXPECT_THAT(help, Not(HasSubstr("%")));
    EXPECT_EQ(Run({"backup", command, "--help"}), 0);
    EXPECT_THAT(out_.str(), HasSubstr(std::string("engram backup ") + command));
    EXPECT_THAT(out_.str(), Not(HasSubstr("engram snapshot")));
  }
  EXPECT_EQ(Run({"snapshot"}), 2);
  EXPECT_EQ(Run({"backup", "make"}), 2);
}

TEST_F(SnapshotCommandTest, CreateTellsTheNameThatItGot) {
  AddBank("digits");
  *server_->creation.emplace_back().mutable_snapshot() = server_->get_snapshot->snapshot();
  EXPECT_EQ(Run({"snapshot", "create"}), 0) << err_.str();
  EXPECT_EQ(server_->created_snapshot.name(), "");
  EXPECT_EQ(out_.str(), "created snapshot 's' of 1 banks and 1,797 patterns, 1.5 KiB\n");
  EXPECT_EQ(Run({"backup", "create", "s", "-o", "json"}), 0) << err_.str();
  EXPECT_EQ(server_->created_snapshot.name(), "s");
  EXPECT_EQ(server_->created_snapshot.place(), v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY);
  EXPECT_EQ(Json()["banks"][0]["name"], "digits");
  EXPECT_EQ(Json()["file_bytes"], 1536);
}

TEST_F(SnapshotCommandTest, ListTellsTimeAndSize) {
  AddBank("digits");
  EXPECT_EQ(Run({"snapshot", "list"}), 0);
  EXPECT_THAT(out_.str(), ContainsRegex("name +created +banks +patterns +size +state\n"));
  EXPECT_THAT(out_.str(), ContainsRegex("s +2026-11-22T10:15:00Z +1 +1,797 +1.5 KiB +readable\n"));
  EXPECT_EQ(Run({"snapshot", "list", "-o", "json"}), 0);
  EXPECT_EQ(Json().dump(),
            R"({"snapshots":[{"bank_count":1,"create_time":"2026-11-22T10:15:00Z","damage":"",)"
            R"("file_bytes":1536,"name":"s","pattern_count":1797,"place":"data_directory"}]})");
}

TEST_F(SnapshotCommandTest, ShowTellsOfEachBank) {
  AddBank("digits").set_value_dim(10);
  v1::SnapshotBank& damaged = AddBank("");
  damaged.set_damage("its settings cannot be read");
  EXPECT_EQ(Run({"snapshot", "show", "s"}), 0);
  EXPECT_EQ(server_->got_snapshot.name(), "s");
  EXPECT_THAT(out_.str(), ContainsRegex("size +1.5 KiB\n"));
  EXPECT_THAT(out_.str(), ContainsRegex("digits +1,797 +64 +10 +3 +synced +readable\n"));
  EXPECT_THAT(out_.str(), HasSubstr("damaged: its settings cannot be read\n"));
  EXPECT_EQ(Run({"snapshot", "show", "s", "-o", "json"}), 0);
  EXPECT_EQ(Json()["banks"][0]["durability"], "synced");
  EXPECT_EQ(Json()["banks"][1]["damage"], "its settings cannot be read");
  server_->get_snapshot = absl::NotFoundError("no snapshot is named 's'");
  EXPECT_EQ(Run({"snapshot", "show", "s"}), 4);
}

TEST_F(SnapshotCommandTest, VerifyWritesWhatIsWrongAndFailsIfSomethingIs) {
  v1::VerifySnapshotResponse& last = server_->verification.emplace_back();
  last.set_finished(true);
  EXPECT_EQ(Run({"backup", "verify", "s"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "backup 's': nothing is wrong\n");
  last.add_findings("000012.sst is damaged");
  last.add_findings("bank 'digits' is damaged");
  EXPECT_EQ(Run({"backup", "verify", "s"}), 11);
  EXPECT_EQ(out_.str(), "000012.sst is damaged\nbank 'digits' is damaged\n");
  EXPECT_THAT(err_.str(), HasSubstr("backup 's' is damaged"));
  EXPECT_EQ(Run({"backup", "verify", "s", "-o", "json"}), 11);
  EXPECT_EQ(Json()["findings"].size(), 2u);
}

TEST_F(SnapshotCommandTest, RestoreTakesTheBankThatIsNamed) {
  EXPECT_EQ(Run({"snapshot", "restore", "s", "digits"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "restored bank 'digits', 1,797 patterns, version 3\n");
  EXPECT_EQ(server_->restored.back().snapshot(), "s");
  EXPECT_EQ(server_->restored.back().new_name(), "");
  EXPECT_EQ(Run({"backup", "restore", "s", "digits", "--as", "old", "-o", "json"}), 0) << err_.str();
  EXPECT_EQ(server_->restored.back().bank(), "digits");
  EXPECT_EQ(server_->restored.back().new_name(), "old");
  EXPECT_EQ(server_->restored.back().place(), v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY);
  EXPECT_EQ(Json()["name"], "old");
  server_->restore_errors["digits"] = absl::AlreadyExistsError("a bank is named 'digits'");
  EXPECT_EQ(Run({"snapshot", "restore", "s", "digits"}), 5);
}

TEST_F(SnapshotCommandTest, RestoreTakesTheOnlyBankWhenNoneIsNamed) {
  EXPECT_EQ(Run({"snapshot", "restore", "s"}), 4);
  AddBank("digits");
  EXPECT_EQ(Run({"snapshot", "restore", "s", "--as", "old"}), 0) << err_.str();
  EXPECT_EQ(server_->restored.back().bank(), "digits");
  EXPECT_EQ(server_->restored.back().new_name(), "old");
  AddBank("faces");
  EXPECT_EQ(Run({"snapshot", "restore", "s"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("has 2 banks: name one of them, or give --all: digits, faces"));
  EXPECT_EQ(server_->restored.size(), 1u);
}

TEST_F(SnapshotCommandTest, RestoreAllSkipsWhatExistsAndGoesOnAfterDamage) {
  SetExisting("b");
  for (const char* name : {"a", "b", "c", "d", "e"}) AddBank(name);
  server_->restore_errors["a"] = absl::DataLossError("000012.sst is damaged");
  server_->restore_errors["d"] = absl::AlreadyExistsError("made meanwhile");
  EXPECT_EQ(Run({"backup", "restore", "s", "--all"}), 11);
  EXPECT_EQ(out_.str(),
            "restored bank 'c', 1,797 patterns, version 3\nrestored bank 'e', 1,797 patterns, version 3\n");
  EXPECT_THAT(err_.str(), HasSubstr("skipped bank 'b'"));
  EXPECT_THAT(err_.str(), HasSubstr("skipped bank 'd'"));
  EXPECT_THAT(err_.str(), HasSubstr("bank 'a' was not restored: 000012.sst is damaged"));
  EXPECT_THAT(err_.str(), HasSubstr("1 banks were not restored: a"));
  EXPECT_EQ(Run({"backup", "restore", "s", "--all", "-o", "json"}), 11);
  EXPECT_EQ(Json()["restored"][1]["name"], "e");
  EXPECT_THAT(Json()["skipped"], ElementsAre("b", "d"));
  EXPECT_EQ(Json()["failed"][0]["bank"], "a");
  server_->restore_errors.clear();
  EXPECT_EQ(Run({"backup", "restore", "s", "--all"}), 0);
}

TEST_F(SnapshotCommandTest, RestoreAllEndsWhenTheServerIsGone) {
  AddBank("a");
  AddBank("b");
  server_->restore_errors["a"] = absl::UnavailableError("gone");
  EXPECT_EQ(Run({"snapshot", "restore", "s", "--all"}), 8);
  EXPECT_EQ(server_->restored.size(), 1u);
}

TEST_F(SnapshotCommandTest, RestoreAllTakesNoNames) {
  EXPECT_EQ(Run({"snapshot", "restore", "s", "digits", "--all"}), 2);
  EXPECT_EQ(Run({"snapshot", "restore", "s", "--as", "x", "--all"}), 2);
  EXPECT_TRUE(server_->restored.empty());
}

TEST_F(SnapshotCommandTest, ASnapshotThatCannotBeReadIsNotRestored) {
  server_->get_snapshot->mutable_snapshot()->set_damage("MANIFEST is damaged");
  EXPECT_EQ(Run({"snapshot", "restore", "s", "--all"}), 11);
  EXPECT_THAT(err_.str(), HasSubstr("MANIFEST is damaged"));
}

TEST_F(SnapshotCommandTest, DeleteAsksOnATerminalAndNeedsYesElsewhere) {
  EXPECT_EQ(Run({"snapshot", "delete", "s"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("deleting a snapshot needs --yes"));
  in_is_terminal_ = true;
  in_.str("n\n");
  EXPECT_EQ(Run({"backup", "delete", "s"}), 9);
  EXPECT_THAT(err_.str(), HasSubstr("Delete backup 's'? [y/N]"));
  EXPECT_EQ(server_->deleted_snapshot.name(), "");
  EXPECT_EQ(Run({"backup", "delete", "s", "--yes"}), 0);
  EXPECT_EQ(server_->deleted_snapshot.name(), "s");
  EXPECT_EQ(server_->deleted_snapshot.place(), v1::SNAPSHOT_PLACE_BACKUP_DIRECTORY);
  EXPECT_EQ(out_.str(), "deleted backup 's'\n");
  EXPECT_EQ(Run({"backup", "delete", "s", "--yes", "-o", "json"}), 0);
  EXPECT_EQ(Json()["deleted"], "s");
}

}  // namespace
}  // namespace engram::cli
