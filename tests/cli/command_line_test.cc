#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "client/cli/npy.h"
#include "engram/matrix.h"
#include "tests/cli/command_runner.h"

namespace engram::cli {
namespace {

using testing::ContainsRegex;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class CommandLineTest : public CommandRunner {
 protected:
  // One retrieval that ended at the pattern 1, 2.
  void AnswerRetrieve() {
    *server_->retrieve->mutable_states() = ToMatrix(std::vector<float>{1, 2}, 2);
    v1::Retrieval* retrieval = server_->retrieve->add_retrievals();
    retrieval->add_support_ids(17);
    retrieval->add_support_weights(0.75);
    retrieval->set_support_size(5);
    retrieval->set_stop_reason(v1::STOP_REASON_FIXED_POINT);
    retrieval->set_energy_after(-1.5);
    retrieval->set_exact(true);
    server_->retrieve->set_version(4);
  }
};

TEST_F(CommandLineTest, HelpAndVersionSucceedOnStandardOutput) {
  EXPECT_EQ(Run({"--help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("Exit codes:"));
  EXPECT_EQ(Run({"retrieve", "--help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("--top-k"));
  EXPECT_EQ(Run({"--version"}), 0);
  EXPECT_THAT(out_.str(), StartsWith("engram "));
  EXPECT_EQ(err_.str(), "");
}

TEST_F(CommandLineTest, WrongLinesSayWhereTheHelpIs) {
  EXPECT_EQ(Run({}), 2);
  EXPECT_EQ(Run({"recal"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("got 'recal'\nSee 'engram --help'."));
  EXPECT_EQ(Run({"bank", "create", "digits"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("See 'engram bank create --help'."));
  EXPECT_EQ(Run({"get", "digits", "x"}), 2);
  EXPECT_EQ(Run({"info", "--timeout", "soon"}), 2);
  EXPECT_EQ(Run({"info", "-o", "xml"}), 2);
  EXPECT_EQ(out_.str(), "");
}

TEST_F(CommandLineTest, SharedFlagsStandBeforeAndAfterTheCommand) {
  EXPECT_EQ(
      Run({"--server", "a:1", "info", "--timeout", "250ms", "--max-message-bytes", "4096", "-o", "json"}), 0);
  EXPECT_EQ(options_.target, "a:1");
  EXPECT_EQ(options_.timeout, absl::Milliseconds(250));
  EXPECT_EQ(options_.max_message_bytes, 4096);
  EXPECT_EQ(Json()["server_version"], "9.8.7");
}

TEST_F(CommandLineTest, ABankMayHaveTheNameOfACommand) {
  EXPECT_EQ(Run({"bank", "create", "list", "--dim", "3"}), 0);
  EXPECT_EQ(server_->created.name(), "list");
}

TEST_F(CommandLineTest, CreateSendsOnlyTheDynamicsThatAreGiven) {
  EXPECT_EQ(Run({"bank", "create", "digits", "--dim", "64", "--beta", "8", "--durability", "relaxed"}), 0);
  EXPECT_EQ(server_->created.dim(), 64);
  EXPECT_EQ(server_->created.default_dynamics().beta(), 8);
  EXPECT_FALSE(server_->created.default_dynamics().has_tolerance());
  EXPECT_EQ(server_->created.durability(), v1::DURABILITY_RELAXED);
  EXPECT_EQ(out_.str(), "created bank 'digits' of dimension 64\n");
}

TEST_F(CommandLineTest, CreateAsksForAScreeningOnlyIfOneIsGiven) {
  EXPECT_EQ(Run({"bank", "create", "digits", "--dim", "64"}), 0);
  EXPECT_EQ(server_->created.screening(), v1::SCREENING_UNSPECIFIED);
  EXPECT_EQ(Run({"bank", "create", "digits", "--dim", "64", "--screening", "int8"}), 0);
  EXPECT_EQ(server_->created.screening(), v1::SCREENING_INT8);
  EXPECT_EQ(Run({"bank", "create", "digits", "--dim", "64", "--screening", "none"}), 0);
  EXPECT_EQ(server_->created.screening(), v1::SCREENING_NONE);
  EXPECT_EQ(Run({"bank", "create", "digits", "--dim", "64", "--screening", "int4"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("got 'int4', allowed are int8, none"));
}

TEST_F(CommandLineTest, DescribeTellsTheScreening) {
  server_->get_bank->mutable_bank()->set_screening(v1::SCREENING_NONE);
  EXPECT_EQ(Run({"bank", "describe", "digits"}), 0);
  EXPECT_THAT(out_.str(), ContainsRegex("screening +none\n"));
  out_.str("");
  EXPECT_EQ(Run({"bank", "describe", "digits", "-o", "json"}), 0);
  EXPECT_EQ(Json()["screening"], "none");
}

TEST_F(CommandLineTest, DescribeTellsHowFarALoadingBankIs) {
  v1::Bank& bank = *server_->get_bank->mutable_bank();
  bank.set_state(v1::BANK_STATE_LOADING);
  bank.set_pattern_count(4000);
  bank.set_loaded_patterns(1500);
  EXPECT_EQ(Run({"bank", "describe", "digits"}), 0);
  EXPECT_THAT(out_.str(), ContainsRegex("state +loading, 1,500 of 4,000 patterns\n"));
}

TEST_F(CommandLineTest, DescribeTellsWhyABankIsQuarantined) {
  v1::Bank& bank = *server_->get_bank->mutable_bank();
  bank.set_state(v1::BANK_STATE_QUARANTINED);
  bank.set_state_message("bank 'digits' is damaged: 000012.sst");
  EXPECT_EQ(Run({"bank", "describe", "digits"}), 0);
  EXPECT_THAT(out_.str(),
              ContainsRegex("state +quarantined\nreason +bank 'digits' is damaged: 000012.sst\n"));
  out_.str("");
  EXPECT_EQ(Run({"bank", "describe", "digits", "-o", "json"}), 0);
  EXPECT_EQ(Json()["state"], "quarantined");
  EXPECT_EQ(Json()["state_message"], "bank 'digits' is damaged: 000012.sst");
}

TEST_F(CommandLineTest, DeletingABankAsksOnATerminal) {
  server_->get_bank->mutable_bank()->set_name("digits");
  in_is_terminal_ = true;
  in_.str("n\n");
  EXPECT_EQ(Run({"bank", "delete", "digits"}), 9);
  EXPECT_EQ(server_->deleted_bank, "");
  in_.str("y\n");
  EXPECT_EQ(Run({"bank", "delete", "digits"}), 0);
  EXPECT_EQ(server_->deleted_bank, "digits");
}

TEST_F(CommandLineTest, DeletingABankNeedsYesWithoutATerminal) {
  EXPECT_EQ(Run({"bank", "delete", "digits"}), 2);
  EXPECT_EQ(server_->deleted_bank, "");
  EXPECT_EQ(Run({"bank", "delete", "digits", "--yes"}), 0);
  EXPECT_EQ(server_->deleted_bank, "digits");
}

TEST_F(CommandLineTest, StoreReadsStandardInput) {
  in_.str("{\"pattern\": [1, 2], \"id\": 5, \"payload\": \"five\"}\n");
  server_->store->set_version(1);
  EXPECT_EQ(Run({"store", "digits", "-"}), 0) << err_.str();
  EXPECT_FALSE(server_->stored_atomically);
  EXPECT_EQ(server_->stored.patterns().cols(), 2);
  EXPECT_THAT(server_->stored.ids(), ElementsAre(5));
  EXPECT_THAT(server_->stored.payloads(), ElementsAre("five"));
  EXPECT_EQ(out_.str(), "stored 1 patterns in 'digits', id 5, version 1\n");
}

TEST_F(CommandLineTest, StoreAtomicallyWhenAsked) {
  in_.str("1,2\n3,4\n");
  server_->store->add_ids(7);
  server_->store->add_ids(8);
  EXPECT_EQ(Run({"store", "digits", "-", "--atomic", "-o", "json"}), 0) << err_.str();
  EXPECT_TRUE(server_->stored_atomically);
  EXPECT_EQ(Json()["stored_count"], 2);
  EXPECT_EQ(Json()["ids"], nlohmann::json({7, 8}));
}

TEST_F(CommandLineTest, StoreReturnsTheServersError) {
  in_.str("1,2\n");
  server_->store = absl::ResourceExhaustedError("the bank is full");
  EXPECT_EQ(Run({"store", "digits", "-"}), 7);
  EXPECT_EQ(err_.str(), "engram: the bank is full (RESOURCE_EXHAUSTED)\n");
}

TEST_F(CommandLineTest, StoreCreatesAMissingBankWhenAsked) {
  server_->get_bank = absl::NotFoundError("no bank");
  in_.str("1,2,3\n");
  EXPECT_EQ(Run({"store", "digits", "-", "--create"}), 0) << err_.str();
  EXPECT_EQ(server_->created.dim(), 3);
}

TEST_F(CommandLineTest, StoreRefusesWhatIsGivenTwice) {
  in_.str("{\"pattern\": [1, 2], \"id\": 5}\n");
  EXPECT_EQ(Run({"store", "digits", "-", "--ids", "/dev/null"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--ids: the pattern file has them already"));
}

TEST_F(CommandLineTest, BadNumbersAreInvalidArguments) {
  in_.str("1,2\n1,nan\n");
  EXPECT_EQ(Run({"store", "digits", "-"}), 3);
  EXPECT_EQ(
      err_.str(),
      "engram: standard input: row 1, column 1 (counted from 0): got nan, allowed are finite float32 numbers "
      "(INVALID_ARGUMENT)\n");
}

TEST_F(CommandLineTest, RetrieveSendsFlagsAndNumbers) {
  AnswerRetrieve();
  EXPECT_EQ(Run({"retrieve", "digits", "--query", "-0.5,1", "--top-k", "3", "--max-support", "7"}), 0)
      << err_.str();
  EXPECT_EQ(server_->retrieved.dynamics().k_subsets().k(), 3);
  EXPECT_EQ(server_->retrieved.max_support(), 7);
  EXPECT_THAT(*ToValues(server_->retrieved.queries()), ElementsAre(-0.5F, 1));
  EXPECT_THAT(out_.str(), HasSubstr("fixed point"));
  EXPECT_THAT(out_.str(), HasSubstr("and 4 more"));
}

TEST_F(CommandLineTest, UpdateSendsWhatIsGivenAndItsMask) {
  EXPECT_EQ(Run({"bank", "update", "digits", "--beta", "8"}), 0) << err_.str();
  EXPECT_THAT(server_->updated.update_mask().paths(), ElementsAre("default_dynamics"));
  EXPECT_EQ(server_->updated.default_dynamics().beta(), 8);
  EXPECT_FALSE(server_->updated.default_dynamics().has_tolerance());
  EXPECT_THAT(out_.str(), HasSubstr("beta            8\n"));
  EXPECT_EQ(Run({"bank", "update", "digits", "--max-patterns", "0"}), 0) << err_.str();
  EXPECT_THAT(server_->updated.update_mask().paths(), ElementsAre("limits"));
  EXPECT_EQ(Run({"bank", "update", "digits", "--max-patterns", "9", "--transform", "softmax", "-o", "json"}),
            0);
  EXPECT_THAT(server_->updated.update_mask().paths(), ElementsAre("default_dynamics", "limits"));
  EXPECT_EQ(Json()["max_patterns"], 9);
  EXPECT_EQ(Run({"bank", "update", "digits"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("there is nothing to change"));
}

TEST_F(CommandLineTest, RetrieveShowsTheCertificate) {
  AnswerRetrieve();
  v1::Retrieval* retrieval = server_->retrieve->mutable_retrievals(0);
  retrieval->set_total_weight(1);
  retrieval->set_separation(0.83);
  retrieval->set_required_separation(0.25);
  EXPECT_EQ(Run({"retrieve", "digits", "--query", "1,2"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("0.83 >= 0.25 needed"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("duality gap")));
  retrieval->set_total_weight(3);
  retrieval->set_separation(0.1);
  retrieval->set_duality_gap(1e-13);
  EXPECT_EQ(Run({"retrieve", "digits", "--query", "1,2"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("yes, 3 patterns"));
  EXPECT_THAT(out_.str(), HasSubstr("0.1 < 0.25 needed"));
  EXPECT_THAT(out_.str(), HasSubstr("1e-13"));
  retrieval->set_separation(std::numeric_limits<double>::infinity());
  EXPECT_EQ(Run({"retrieve", "digits", "--query", "1,2", "-o", "json"}), 0) << err_.str();
  EXPECT_EQ(Json()["retrievals"][0]["separation"], "inf");
  EXPECT_EQ(Json()["retrievals"][0]["required_separation"], 0.25);
  EXPECT_EQ(Json()["retrievals"][0]["duality_gap"], 1e-13);
}

TEST_F(CommandLineTest, InfiniteEnergiesAreWords) {
  v1::StateEnergy* energy = server_->energy->add_energies();
  energy->set_total(std::numeric_limits<double>::infinity());
  energy->set_concave(-2);
  EXPECT_EQ(Run({"energy", "digits", "--states", "1,2", "-o", "json"}), 0) << err_.str();
  EXPECT_EQ(Json()["energies"][0]["total"], "inf");
  EXPECT_EQ(Json()["energies"][0]["concave"], -2);
  EXPECT_EQ(Run({"energy", "digits", "--states", "1,2"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("inf"));
}

TEST_F(CommandLineTest, RetrieveWritesJson) {
  AnswerRetrieve();
  EXPECT_EQ(Run({"retrieve", "digits", "--query", "1,2", "-o", "json"}), 0) << err_.str();
  const nlohmann::json retrieval = Json()["retrievals"][0];
  EXPECT_EQ(retrieval["state"], nlohmann::json({1.0, 2.0}));
  EXPECT_EQ(retrieval["support"][0]["id"], 17);
  EXPECT_EQ(retrieval["stop_reason"], "fixed_point");
  EXPECT_FALSE(retrieval.contains("energy_before"));
}

TEST_F(CommandLineTest, RetrieveWritesNpy) {
  AnswerRetrieve();
  EXPECT_EQ(Run({"retrieve", "digits", "--query", "1,2", "-o", "npy"}), 0) << err_.str();
  EXPECT_THAT(ParseNpy(out_.str())->values, ElementsAre(1, 2));
}

TEST_F(CommandLineTest, RetrieveDrawsTheQueryBesideTheState) {
  AnswerRetrieve();
  EXPECT_EQ(Run({"retrieve", "digits", "--query", "1,2", "--show", "2x1"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("|"));
  EXPECT_EQ(Run({"retrieve", "digits", "--query", "1,2", "--show", "3x1"}), 2);
  EXPECT_EQ(Run({"retrieve", "digits", "--query", "1,2", "--show", "2x1", "-o", "json"}), 2);
}

TEST_F(CommandLineTest, AResponseOfAnotherShapeIsAnInternalError) {
  AnswerRetrieve();
  EXPECT_EQ(Run({"retrieve", "digits", "--query", "1,2,3"}), 11);
  server_->retrieve->add_retrievals();
  EXPECT_EQ(Run({"retrieve", "digits", "--query", "1,2"}), 11);
  EXPECT_EQ(Run({"get", "digits", "1"}), 11);
}

TEST_F(CommandLineTest, GetWritesWhatStoreReads) {
  server_->get_patterns->add_ids(3);
  server_->get_patterns->add_payloads("\xff");
  *server_->get_patterns->mutable_patterns() = ToMatrix(std::vector<float>{0.1F, 2}, 2);
  EXPECT_EQ(Run({"get", "digits", "3", "-o", "json"}), 0) << err_.str();
  in_.str(Json()["patterns"][0].dump());
  EXPECT_EQ(Run({"store", "copy", "-"}), 0) << err_.str();
  EXPECT_THAT(*ToValues(server_->stored.patterns()), ElementsAre(0.1F, 2));
  EXPECT_THAT(server_->stored.payloads(), ElementsAre("\xff"));
}

TEST_F(CommandLineTest, EnergyWritesTotals) {
  server_->energy->add_energies()->set_total(-2.5);
  EXPECT_EQ(Run({"energy", "digits", "--states", "1,2", "-o", "npy"}), 0) << err_.str();
  EXPECT_THAT(ParseNpy(out_.str())->values, ElementsAre(-2.5F));
  EXPECT_EQ(Run({"energy", "digits", "--states", "1,2", "-o", "json"}), 0);
  EXPECT_EQ(Json()["energies"][0]["total"], -2.5);
}

TEST_F(CommandLineTest, DeleteSendsItsIds) {
  EXPECT_EQ(Run({"delete", "digits", "3", "4", "--allow-missing"}), 0) << err_.str();
  EXPECT_THAT(server_->deleted.ids(), ElementsAre(3, 4));
  EXPECT_TRUE(server_->deleted.allow_missing());
}

TEST_F(CommandLineTest, HealthAsksOnceAndNotForLong) {
  EXPECT_EQ(Run({"health", "digits"}), 0);
  EXPECT_EQ(server_->health_service, "bank/digits");
  EXPECT_EQ(options_.max_attempts, 1);
  EXPECT_EQ(options_.timeout, absl::Seconds(5));
  server_->health = absl::UnavailableError("starting");
  EXPECT_EQ(Run({"health"}), 8);
  EXPECT_EQ(server_->health_service, "");
  EXPECT_THAT(err_.str(), HasSubstr("see --server and ENGRAM_SERVER"));
}

TEST_F(CommandLineTest, NpyIsRefusedWhereThereIsNoMatrix) {
  for (const std::vector<const char*>& words : std::vector<std::vector<const char*>>{
           {"info"}, {"health"}, {"bank", "list"}, {"bank", "describe", "b"}, {"delete", "b", "1"}}) {
    std::vector<const char*> line = words;
    line.insert(line.end(), {"-o", "npy"});
    EXPECT_EQ(Run(line), 2);
  }
}

TEST_F(CommandLineTest, CompletionScriptsKnowEveryCommandAndChoice) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_EQ(Run({"completion", shell}), 0);
    for (const char* word : {"engram bank create", "engram snapshot restore", "engram backup verify",
                             "retrieve", "k-subsets", "max-message-bytes", "completion"}) {
      EXPECT_THAT(out_.str(), HasSubstr(word)) << shell;
    }
  }
  EXPECT_EQ(Run({"completion", "tcsh"}), 2);
  // A plot's --output is its own: files, svg and json.
  EXPECT_EQ(Run({"completion", "fish"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("-l output -s o -r -F -a 'svg json'"));
  EXPECT_THAT(out_.str(), HasSubstr("'not contains -- (__engram_command) \"engram plot contours\""));
  EXPECT_EQ(Run({"completion", "zsh"}), 0);
  EXPECT_LT(out_.str().find("compadd svg json; _files"), out_.str().find("compadd table json npy csv"));
}

}  // namespace
}  // namespace engram::cli
