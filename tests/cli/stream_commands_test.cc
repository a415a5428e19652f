// The commands that write what comes as a stream: scan, recall and separation.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "client/cli/npy.h"
#include "client/cli/npy_header.h"
#include "engram/matrix.h"
#include "tests/cli/command_runner.h"

namespace engram::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

class ScanCommandTest : public CommandRunner {
 protected:
  // Five patterns in two chunks.
  ScanCommandTest() {
    AddChunk({1, 2}, {0.1F, 2, 3, 4});
    AddChunk({5, 8, 9}, {5, 6, 7, 8, 9, 10});
    server_->scan[0].add_payloads("one");
    server_->scan[0].add_payloads("");
    server_->get_bank->mutable_bank()->set_dim(2);
    server_->get_bank->mutable_bank()->set_pattern_count(5);
  }

  void AddChunk(const std::vector<uint64_t>& ids, const std::vector<float>& numbers) {
    v1::ScanPatternsResponse& chunk = server_->scan.emplace_back();
    chunk.mutable_ids()->Assign(ids.begin(), ids.end());
    *chunk.mutable_patterns() = ToMatrix(numbers, 2);
  }

  void OmitRows() {
    for (v1::ScanPatternsResponse& chunk : server_->scan) chunk.clear_patterns();
  }
};

TEST_F(ScanCommandTest, WritesATableLineByLine) {
  EXPECT_EQ(Run({"scan", "digits"}), 0) << err_.str();
  const std::vector<std::string> lines = Lines(out_.str());
  ASSERT_EQ(lines.size(), 6u);
  EXPECT_THAT(lines[0], HasSubstr("pattern"));
  EXPECT_THAT(lines[0], Not(HasSubstr("value")));
  EXPECT_THAT(lines[1], HasSubstr("\"one\""));
  EXPECT_THAT(lines[5], HasSubstr("9 10"));
}

TEST_F(ScanCommandTest, WritesJsonLinesThatStoreReads) {
  EXPECT_EQ(Run({"scan", "digits", "-o", "json"}), 0) << err_.str();
  EXPECT_THAT(Lines(out_.str())[0], R"({"id":1,"pattern":[0.1,2.0],"payload":"one"})");
  EXPECT_EQ(Lines(out_.str()).size(), 5u);
}

TEST_F(ScanCommandTest, WritesCsv) {
  EXPECT_EQ(Run({"scan", "digits", "-o", "csv"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "0.1,2\n3,4\n5,6\n7,8\n9,10\n");
}

TEST_F(ScanCommandTest, WritesNpyWithTheBanksCount) {
  EXPECT_EQ(Run({"scan", "digits", "-o", "npy"}), 0) << err_.str();
  const absl::StatusOr<Rows> rows = ParseNpy(out_.str());
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(rows->count(), 5);
  EXPECT_THAT(rows->row(4), ElementsAre(9, 10));
}

TEST_F(ScanCommandTest, NpyOfABankThatChangedIsAnErrorThatTeaches) {
  server_->get_bank->mutable_bank()->set_pattern_count(6);
  EXPECT_EQ(Run({"scan", "digits", "-o", "npy"}), 6);
  EXPECT_THAT(err_.str(), HasSubstr("has 5 rows, its beginning says 6. Scan again, to a file"));
}

TEST_F(ScanCommandTest, TheCountOfANpyFileIsCorrected) {
  out_can_rewind_ = true;
  server_->get_bank->mutable_bank()->set_pattern_count(6);
  EXPECT_EQ(Run({"scan", "digits", "-o", "npy"}), 0) << err_.str();
  EXPECT_EQ(ParseNpy(out_.str())->count(), 5);
  OmitRows();
  EXPECT_EQ(Run({"scan", "digits", "--ids-only", "-o", "npy"}), 0) << err_.str();
  EXPECT_THAT(*ParseNpyNumbers(out_.str()), ElementsAre(1, 2, 5, 8, 9));
}

TEST_F(ScanCommandTest, IdsAloneAreAskedForAndWritten) {
  OmitRows();
  EXPECT_EQ(Run({"scan", "digits", "--ids-only", "-o", "csv"}), 0) << err_.str();
  EXPECT_TRUE(server_->scanned.omit_rows());
  EXPECT_EQ(out_.str(), "1\n2\n5\n8\n9\n");
  EXPECT_EQ(Run({"scan", "digits", "--ids-only", "-o", "json"}), 0) << err_.str();
  EXPECT_EQ(Lines(out_.str())[1], "{\"id\":2}");
  EXPECT_EQ(Run({"scan", "digits", "--ids-only", "-o", "npy"}), 0) << err_.str();
  EXPECT_THAT(*ParseNpyNumbers(out_.str()), ElementsAre(1, 2, 5, 8, 9));
}

TEST_F(ScanCommandTest, StopsAtTheLimit) {
  EXPECT_EQ(Run({"scan", "digits", "--limit", "3", "-o", "csv"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "0.1,2\n3,4\n5,6\n");
  EXPECT_EQ(server_->scanned.chunk_patterns(), 3);
  EXPECT_EQ(Run({"scan", "digits", "--limit", "3", "-o", "npy"}), 0) << err_.str();
  EXPECT_EQ(ParseNpy(out_.str())->count(), 3);
  EXPECT_EQ(Run({"scan", "digits", "--limit", "0"}), 2);
}

TEST_F(ScanCommandTest, ValuesAreShownWhereThereAreSome) {
  for (v1::ScanPatternsResponse& chunk : server_->scan) *chunk.mutable_values() = chunk.patterns();
  EXPECT_EQ(Run({"scan", "digits"}), 0) << err_.str();
  EXPECT_THAT(Lines(out_.str())[0], HasSubstr("value"));
  EXPECT_EQ(Run({"scan", "digits", "-o", "json", "--limit", "1"}), 0) << err_.str();
  EXPECT_EQ(Json()["value"], nlohmann::json({0.1, 2.0}));
}

TEST_F(ScanCommandTest, AnErrorFollowsWhatCameBefore) {
  server_->streamed = absl::NotFoundError("no bank is named 'digits'");
  EXPECT_EQ(Run({"scan", "digits", "-o", "csv"}), 4);
  EXPECT_EQ(Lines(out_.str()).size(), 5u);
}

TEST_F(ScanCommandTest, AChunkOfAnotherShapeIsAnInternalError) {
  server_->scan[1].clear_patterns();
  EXPECT_EQ(Run({"scan", "digits", "-o", "csv"}), 11);
}

class RecallCommandTest : public CommandRunner {
 protected:
  RecallCommandTest() {
    for (const uint64_t id : {17, 4}) {
      v1::RecallResponse& memory = server_->memories.emplace_back();
      memory.set_id(id);
      memory.set_weight(0.75);
      memory.set_iterations(3);
      memory.set_support_size(2);
      memory.set_stop_reason(v1::STOP_REASON_FIXED_POINT);
      *memory.mutable_state() = ToMatrix(std::vector<float>{static_cast<float>(id), 2}, 2);
    }
  }
};

TEST_F(RecallCommandTest, WritesALineForEachMemory) {
  EXPECT_EQ(Run({"recall", "digits", "--query", "1,2", "--beta", "8", "--max", "5"}), 0) << err_.str();
  EXPECT_EQ(Lines(out_.str()).size(), 3u);
  EXPECT_THAT(Lines(out_.str())[1], HasSubstr("17"));
  EXPECT_THAT(Lines(out_.str())[2], HasSubstr("fixed point"));
  EXPECT_TRUE(server_->recalled.has_used_up());
  EXPECT_EQ(server_->recalled.dynamics().beta(), 8);
  EXPECT_EQ(server_->recalled.max_memories(), 5);
  EXPECT_THAT(*ToValues(server_->recalled.query()), ElementsAre(1, 2));
}

TEST_F(RecallCommandTest, WritesJsonLines) {
  EXPECT_EQ(Run({"recall", "digits", "--query", "1,2", "-o", "json"}), 0) << err_.str();
  const nlohmann::json memory = nlohmann::json::parse(Lines(out_.str())[1]);
  EXPECT_EQ(memory["id"], 4);
  EXPECT_EQ(memory["state"], nlohmann::json({4.0, 2.0}));
  EXPECT_EQ(memory["stop_reason"], "fixed_point");
  EXPECT_FALSE(memory.contains("value"));
}

TEST_F(RecallCommandTest, WritesNpyAtTheEnd) {
  EXPECT_EQ(Run({"recall", "digits", "--query", "1,2", "-o", "npy"}), 0) << err_.str();
  EXPECT_THAT(ParseNpy(out_.str())->values, ElementsAre(17, 2, 4, 2));
}

TEST_F(RecallCommandTest, DrawsMemories) {
  EXPECT_EQ(Run({"recall", "digits", "--query", "1,2", "--show", "2x1"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("+- id 17"));
  EXPECT_EQ(Run({"recall", "digits", "--query", "1,2", "--show", "3x1"}), 2);
}

TEST_F(RecallCommandTest, ModesTakeTheirParameters) {
  EXPECT_EQ(Run({"recall", "digits", "--query", "1,2", "--mode", "penalty", "--strength", "7"}), 0)
      << err_.str();
  EXPECT_EQ(server_->recalled.penalty().strength(), 7);
  EXPECT_FALSE(server_->recalled.penalty().has_decay());
  EXPECT_EQ(
      Run({"recall", "digits", "--query", "1,2", "--mode", "sequential", "--decay", "0.5", "--bonus", "2"}),
      0)
      << err_.str();
  EXPECT_EQ(server_->recalled.sequential().penalty().decay(), 0.5);
  EXPECT_EQ(server_->recalled.sequential().bonus(), 2);
  EXPECT_EQ(Run({"recall", "digits", "--query", "1,2", "--strength", "7"}), 2);
  EXPECT_EQ(Run({"recall", "digits", "--query", "1,2", "--mode", "penalty", "--bonus", "2"}), 2);
  EXPECT_EQ(Run({"recall", "digits", "--query", "1,2", "--mode", "free"}), 2);
}

TEST_F(RecallCommandTest, BeginsWithOneQuery) {
  in_.str("1,2\n3,4\n");
  EXPECT_EQ(Run({"recall", "digits", "--query", "-"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--query: got 2 rows"));
}

class SeparationCommandTest : public CommandRunner {
 protected:
  SeparationCommandTest() {
    server_->separation.resize(2);
    server_->separation[0].set_pattern_count(1000);
    server_->separation[1].set_pattern_count(1000);
    server_->separation[1].set_done_count(1000);
    v1::SeparationReport& report = Report();
    report.set_required_separation(0.25);
    report.set_exact_count(875);
    report.set_duplicate_count(2);
    report.set_min_separation(-1);
    report.set_max_separation(kInfinity);
    for (const double edge : {-1, 1, 3}) report.add_histogram_edges(edge);
    for (const int count : {1, 999}) report.add_histogram_counts(count);
    v1::SeparationReport::Pair& pair = *report.add_pairs();
    pair.set_id(17);
    pair.set_other_id(4);
    pair.set_separation(-1);
    AddSuggestion(0.99, 12.50000001);
    AddSuggestion(1, kInfinity);
  }

  v1::SeparationReport& Report() { return *server_->separation[1].mutable_report(); }

  void AddSuggestion(double share, double beta) {
    Report().add_suggestions()->set_share(share);
    Report().mutable_suggestions()->rbegin()->set_beta(beta);
  }
};

TEST_F(SeparationCommandTest, WritesTablesAndAdvice) {
  EXPECT_EQ(Run({"separation", "digits", "--transform", "sparsemax", "--pairs", "1", "--bins", "2"}), 0)
      << err_.str();
  EXPECT_EQ(server_->separated.dynamics().entmax().alpha(), 2);
  EXPECT_EQ(server_->separated.max_pairs(), 1);
  EXPECT_EQ(server_->separated.bins(), 2);
  EXPECT_THAT(out_.str(), HasSubstr("875 of 1,000 (87.5 %)"));
  EXPECT_THAT(out_.str(), HasSubstr("  #\n"));
  EXPECT_THAT(out_.str(), HasSubstr("  ########################################\n"));
  EXPECT_THAT(out_.str(), HasSubstr("beta >= 12.5001 retrieves 99 % of the patterns exactly\n"));
  EXPECT_THAT(out_.str(), HasSubstr("no beta retrieves 100 % of the patterns exactly\n"));
  EXPECT_THAT(out_.str(), HasSubstr("confused with"));
}

TEST_F(SeparationCommandTest, DrawsBlocksOnATerminal) {
  out_is_terminal_ = true;
  EXPECT_EQ(Run({"separation", "digits"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("▏\n"));
  EXPECT_THAT(out_.str(), HasSubstr("████████████████████████████████████████\n"));
}

TEST_F(SeparationCommandTest, WritesJson) {
  EXPECT_EQ(Run({"separation", "digits", "-o", "json"}), 0) << err_.str();
  EXPECT_EQ(Json()["bank"], "digits");
  EXPECT_EQ(Json()["exact_count"], 875);
  EXPECT_EQ(Json()["max_separation"], "inf");
  EXPECT_EQ(Json()["suggestions"][1]["beta"], "inf");
  EXPECT_EQ(Json()["pairs"][0]["other_id"], 4);
  EXPECT_EQ(Json()["histogram_counts"], nlohmann::json({1, 999}));
  EXPECT_EQ(Json()["pattern_count"], 1000);
}

TEST_F(SeparationCommandTest, SoftmaxHasNoAdvice) {
  Report().set_required_separation(kInfinity);
  EXPECT_EQ(Run({"separation", "digits", "--transform", "softmax"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("no margin"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("beta >=")));
}

TEST_F(SeparationCommandTest, AStreamWithoutAReportIsAnInternalError) {
  server_->separation[1].clear_report();
  EXPECT_EQ(Run({"separation", "digits"}), 11);
}

}  // namespace
}  // namespace engram::cli
