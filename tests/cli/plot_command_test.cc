#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "client/cli/command_line.h"
#include "engram/matrix.h"
#include "tests/cli/fake_connection.h"

namespace engram::cli {
namespace {

using testing::HasSubstr;

// Runs `engram plot` against a fake server with an empty bank.
class PlotCommandTest : public testing::Test {
 protected:
  int Run(std::vector<const char*> words) {
    out_.str("");
    err_.str("");
    Context context;
    context.in = &in_;
    context.out = {&out_, is_terminal_};
    context.err = {&err_};
    context.connect = [this](const ConnectionOptions&) { return Client(server_); };
    words.insert(words.begin(), {"engram", "plot"});
    return RunCommandLine(static_cast<int>(words.size()), words.data(), std::move(context));
  }

  std::shared_ptr<FakeConnection> server_ = std::make_shared<FakeConnection>();
  bool is_terminal_ = false;
  std::istringstream in_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(PlotCommandTest, ATerminalIsToldWhereAPictureCanGo) {
  is_terminal_ = true;
  EXPECT_EQ(Run({"basins", "five"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("'-o five.svg'"));
  EXPECT_EQ(out_.str(), "");
}

TEST_F(PlotCommandTest, OutputsThatAreNoPicturesAreRefused) {
  EXPECT_EQ(Run({"basins", "five", "-o", "five.png"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("got 'five.png'"));
  EXPECT_EQ(Run({"-o", "npy", "basins", "five"}), 2);
}

TEST_F(PlotCommandTest, RangesAreChecked) {
  EXPECT_EQ(Run({"basins", "five", "--grid", "1"}), 2);
  EXPECT_EQ(Run({"basins", "five", "--width", "10"}), 2);
  EXPECT_EQ(Run({"basins", "five", "--within", "0"}), 2);
  EXPECT_EQ(Run({"basins", "five", "--plane", "1,2"}), 2);
  EXPECT_EQ(Run({"support", "five", "--query", "1,2", "--transform", "k-subsets"}), 2);
  server_->get_bank->mutable_bank()->set_dim(2);
  EXPECT_EQ(Run({"support", "five", "--query", "1,2", "--beta-from", "2", "--beta-to", "1"}), 2);
}

TEST_F(PlotCommandTest, TheRangeOfBetaIsWideEnoughForAnAxis) {
  server_->get_bank->mutable_bank()->set_dim(2);
  for (const char* to : {"2", "2.000001"}) {
    EXPECT_EQ(Run({"support", "five", "--query", "1,2", "--beta-from", "2", "--beta-to", to}), 2) << to;
    EXPECT_THAT(err_.str(), HasSubstr("above --beta-from, 2, by a millionth"));
  }
}

// One retrieval with this support and state.
void Recall(const std::vector<uint64_t>& support, bool exact, const std::vector<float>& state,
            v1::RetrieveResponse* response) {
  v1::Retrieval& retrieval = *response->add_retrievals();
  retrieval.mutable_support_ids()->Assign(support.begin(), support.end());
  retrieval.set_exact(exact);
  *response->mutable_states() = ToMatrix(state, 2);
}

TEST_F(PlotCommandTest, ABasinIsWhatTheRetrievalSaysElseWhatIsNearInItsSupport) {
  v1::Bank& bank = *server_->get_bank->mutable_bank();
  bank.set_dim(2);
  bank.set_pattern_count(3);
  server_->on_retrieve = [count = 0](const v1::RetrieveRequest& request) mutable {
    v1::RetrieveResponse response;
    if (request.support_parts().patterns()) {
      v1::Retrieval& all = *response.add_retrievals();
      for (const uint64_t id : {3, 5, 9}) all.add_support_ids(id);
      *all.mutable_support_patterns() = ToMatrix(std::vector<float>{0, 0, 1, 0, 0, 1}, 2);
      return response;
    }
    EXPECT_TRUE(request.omit_energy());
    // One query at a time: this server says that it takes no more.
    switch (count++) {
      case 0:  // Copies share their weight; the retrieval names the pattern.
        Recall({5, 9}, true, {1, 0}, &response);
        break;
      case 1:
        Recall({5, 3}, false, {0, 1e-5F}, &response);
        break;
      case 2:  // Near a pattern that has no weight.
        Recall({5, 9}, false, {0, 1e-5F}, &response);
        break;
      default:
        Recall({5, 9, 3}, false, {0.5F, 0.5F}, &response);
    }
    return response;
  };
  EXPECT_EQ(Run({"basins", "five", "--grid", "2", "-o", "json"}), 0) << err_.str();
  const nlohmann::json numbers = nlohmann::json::parse(out_.str());
  EXPECT_EQ(numbers["basins"][0]["grid_points"], 1);
  EXPECT_EQ(numbers["basins"][1]["grid_points"], 1);
  EXPECT_EQ(numbers["basins"][2]["grid_points"], 0);
  EXPECT_EQ(numbers["none"], 2);
}

TEST_F(PlotCommandTest, BanksOfManyPatternsAreRefused) {
  server_->get_bank->mutable_bank()->set_pattern_count(1001);
  EXPECT_EQ(Run({"basins", "five"}), 3);
  EXPECT_THAT(err_.str(), HasSubstr("got 1,001 patterns, allowed are 1,000"));
}

TEST_F(PlotCommandTest, ABankThatChangesMeanwhileIsNotDrawn) {
  server_->get_bank->mutable_bank()->set_dim(2);
  server_->get_bank->mutable_bank()->set_version(7);
  server_->get_bank->mutable_bank()->mutable_default_dynamics()->set_max_iterations(5);
  server_->retrieve->set_version(8);
  EXPECT_EQ(Run({"energy", "five", "--query", "1,2"}), 6);
}

TEST_F(PlotCommandTest, QueriesOfAnotherDimensionAreRefused) {
  server_->get_bank->mutable_bank()->set_name("five");
  server_->get_bank->mutable_bank()->set_dim(2);
  EXPECT_EQ(Run({"energy", "five", "--query", "1,2,3"}), 3);
  EXPECT_THAT(err_.str(), HasSubstr("got 3, bank 'five' has dim 2"));
}

}  // namespace
}  // namespace engram::cli
