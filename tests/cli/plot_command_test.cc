#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
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
