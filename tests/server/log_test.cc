#include "server/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace engram {
namespace {

using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

// What `log` writes to stderr.
std::string Captured(const std::function<void()>& log) {
  testing::internal::CaptureStderr();
  log();
  return testing::internal::GetCapturedStderr();
}

std::string LogOf(const std::string& value) {
  return Captured([&] { LogInfo("bank created", {{"bank", value}}); });
}

// Values that would forge lines or fields if they were written as they are.
const std::string kHostile[] = {"",
                                " ",
                                "two words",
                                "a=b c=d",
                                "line\nbreak",
                                "\r\n2026-01-31T12:00:00.000Z info forged bank=x",
                                "\"quoted\"",
                                "back\\slash",
                                "\",\"level\":\"error",
                                "{}%v%d%s",
                                std::string("nul\0here", 8),
                                "\x1b[31mred",
                                "Ged\xC3\xA4"
                                "chtnis",
                                "\xff\xfe not UTF-8",
                                std::string(4096, '\n')};

TEST(TextLogTest, ALineIsTimeLevelEventAndFields) {
  InitLog("info", LogFormat::kText);
  EXPECT_THAT(
      Captured([] {
        LogInfo("bank created", {{"bank", "faces"}, {"dim", int64_t{784}}, {"norm", 0.5}, {"new", true}});
      }),
      MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\\.[0-9]{3}Z info bank created bank=faces dim=784 "
                   "norm=0.5 new=true\n"));
  EXPECT_THAT(Captured([] { LogWarning("slow"); }), EndsWith("Z warning slow\n"));
  EXPECT_THAT(Captured([] { LogError("broken"); }), EndsWith("Z error broken\n"));
}

TEST(TextLogTest, WordsStandAsTheyAreAndTheRestIsQuoted) {
  InitLog("info", LogFormat::kText);
  EXPECT_THAT(LogOf("127.0.0.1:7411"), EndsWith(" bank=127.0.0.1:7411\n"));
  EXPECT_THAT(LogOf("two words"), EndsWith(" bank=\"two words\"\n"));
  EXPECT_THAT(LogOf("a=b"), EndsWith(" bank=\"a=b\"\n"));
  EXPECT_THAT(LogOf(""), EndsWith(" bank=\"\"\n"));
}

TEST(TextLogTest, NoValueBreaksALine) {
  InitLog("info", LogFormat::kText);
  for (const std::string& value : kHostile) {
    const std::string line = LogOf(value);
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    EXPECT_EQ(line.find('\x1b'), std::string::npos) << line;
    EXPECT_EQ(line.find('\0'), std::string::npos) << line;
  }
}

TEST(JsonLogTest, EveryLineIsOneObjectWithTheValueAsItWas) {
  InitLog("info", LogFormat::kJson);
  for (const std::string& value : kHostile) {
    const std::string line = LogOf(value);
    EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
    const nlohmann::json object = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
    ASSERT_FALSE(object.is_discarded()) << line;
    EXPECT_EQ(object.size(), 4u);
    EXPECT_EQ(object["level"], "info");
    EXPECT_EQ(object["event"], "bank created");
    if (value[0] == '\xff') continue;  // Bytes that are not UTF-8 are replaced.
    EXPECT_EQ(object["bank"], value);
  }
}

TEST(JsonLogTest, FieldsKeepTheirTypes) {
  InitLog("info", LogFormat::kJson);
  const auto object = nlohmann::json::parse(Captured([] {
    LogInfo("typed", {{"count", std::numeric_limits<int64_t>::max()},
                      {"share", 0.25},
                      {"on", false},
                      {"none", std::numeric_limits<double>::quiet_NaN()}});
  }));
  EXPECT_EQ(object["count"], std::numeric_limits<int64_t>::max());
  EXPECT_EQ(object["share"], 0.25);
  EXPECT_EQ(object["on"], false);
  EXPECT_TRUE(object["none"].is_null());
}

TEST(LogTest, LowerLevelsAreSilent) {
  InitLog("error", LogFormat::kText);
  EXPECT_THAT(Captured([] {
                LogInfo("one");
                LogWarning("two");
              }),
              IsEmpty());
  EXPECT_THAT(Captured([] { LogError("three"); }), EndsWith("error three\n"));
  InitLog("off", LogFormat::kText);
  EXPECT_THAT(Captured([] { LogError("four"); }), IsEmpty());
}

TEST(LogDeathTest, BeforeInitLogLinesGoToStderrAsText) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";  // Runs the statement in a new process.
  const auto log_and_exit = [] {
    LogInfo("early", {{"bank", "faces"}});
    std::exit(0);
  };
  EXPECT_EXIT(log_and_exit(), testing::ExitedWithCode(0), "Z info early bank=faces\n");
}

}  // namespace
}  // namespace engram
