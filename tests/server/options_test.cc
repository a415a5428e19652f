#include "server/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cctype>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace engram {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

const OptionValues kNothing;

TEST(OptionTableTest, NamesAreDistinctAndMakeVariables) {
  std::set<std::string> names;
  for (const Option& option : OptionTable()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    for (const char c : option.name) EXPECT_TRUE(std::islower(c) || c == '-') << option.name;
    for (const char c : option.env_name()) EXPECT_TRUE(std::isupper(c) || c == '_') << option.env_name();
    EXPECT_FALSE(option.help.empty()) << option.name;
    EXPECT_FALSE(option.argument.empty()) << option.name;
  }
}

TEST(OptionTableTest, VariablesAreTheNamesInCapitals) {
  Option option;
  option.name = "max-batch";
  EXPECT_EQ(option.env_name(), "ENGRAM_MAX_BATCH");
}

TEST(OptionTableTest, EveryDefaultIsAccepted) {
  for (const Option& option : OptionTable()) {
    ServerOptions options;
    EXPECT_TRUE(option.set(option.default_value, &options).ok()) << option.name;
  }
}

TEST(ParseOptionsTest, NothingGivenMeansTheDefaults) {
  const absl::StatusOr<ServerOptions> options = ParseOptions(kNothing);
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->listen, "127.0.0.1:7411");
  EXPECT_EQ(options->metrics_listen, "");
  EXPECT_EQ(options->backend, "auto");
  EXPECT_EQ(options->cpu_kernels, "auto");
  EXPECT_EQ(options->scratch_bytes, int64_t{1} << 30);
  EXPECT_EQ(options->max_message_bytes, int64_t{64} << 20);
  EXPECT_EQ(options->max_batch, 256);
  EXPECT_TRUE(options->reflection);
  EXPECT_EQ(options->drain_grace, absl::Seconds(30));
  EXPECT_EQ(options->log_format, "text");
}

TEST(ParseOptionsTest, EveryGivenValueReachesItsField) {
  const absl::StatusOr<ServerOptions> parsed = ParseOptions({{"listen", "0.0.0.0:1"},
                                                             {"port-file", "/run/port"},
                                                             {"metrics-listen", "0.0.0.0:2"},
                                                             {"data-dir", "/data"},
                                                             {"backup-dir", "/backups"},
                                                             {"backend", "reference"},
                                                             {"devices", "2,0"},
                                                             {"device-budget-bytes", "4GiB"},
                                                             {"cpu-kernels", "portable"},
                                                             {"threads", "3"},
                                                             {"memory-budget-bytes", "5GiB"},
                                                             {"scratch-bytes", "6MiB"},
                                                             {"max-message-bytes", "7MiB"},
                                                             {"max-banks", "8"},
                                                             {"max-batch", "9"},
                                                             {"queue-capacity", "10"},
                                                             {"reflection", "false"},
                                                             {"drain-delay", "11ms"},
                                                             {"drain-grace", "12m"},
                                                             {"log-level", "off"},
                                                             {"log-format", "json"}});
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->listen, "0.0.0.0:1");
  EXPECT_EQ(parsed->port_file, "/run/port");
  EXPECT_EQ(parsed->metrics_listen, "0.0.0.0:2");
  EXPECT_EQ(parsed->data_dir, "/data");
  EXPECT_EQ(parsed->backup_dir, "/backups");
  EXPECT_EQ(parsed->backend, "reference");
  EXPECT_EQ(parsed->devices, (std::vector<int>{2, 0}));
  EXPECT_EQ(parsed->device_budget_bytes, int64_t{4} << 30);
  EXPECT_EQ(parsed->cpu_kernels, "portable");
  EXPECT_EQ(parsed->threads, 3);
  EXPECT_EQ(parsed->memory_budget_bytes, int64_t{5} << 30);
  EXPECT_EQ(parsed->scratch_bytes, 6 << 20);
  EXPECT_EQ(parsed->max_message_bytes, 7 << 20);
  EXPECT_EQ(parsed->max_banks, 8);
  EXPECT_EQ(parsed->max_batch, 9);
  EXPECT_EQ(parsed->queue_capacity, 10);
  EXPECT_FALSE(parsed->reflection);
  EXPECT_EQ(parsed->drain_delay, absl::Milliseconds(11));
  EXPECT_EQ(parsed->drain_grace, absl::Minutes(12));
  EXPECT_EQ(parsed->log_level, "off");
  EXPECT_EQ(parsed->log_format, "json");
}

TEST(ParseOptionsTest, ABackupDirectoryNeedsADataDirectory) {
  const absl::Status status = ParseOptions({{"backup-dir", "/backups"}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("backup-dir: got '/backups'"), HasSubstr("data-dir")));
}

TEST(ParseOptionsTest, BytesTakeUnits) {
  const std::pair<const char*, int64_t> cases[] = {{"0", 0},
                                                   {"1", 1},
                                                   {"1KiB", 1 << 10},
                                                   {"3MiB", 3 << 20},
                                                   {"2GiB", int64_t{2} << 30},
                                                   {"1TiB", int64_t{1} << 40},
                                                   {"1024TiB", int64_t{1024} << 40},
                                                   {"2 MiB", 2 << 20}};
  for (const auto& [text, bytes] : cases) {
    const absl::StatusOr<ServerOptions> options = ParseOptions({{"memory-budget-bytes", text}});
    ASSERT_TRUE(options.ok()) << options.status();
    EXPECT_EQ(options->memory_budget_bytes, bytes) << text;
  }
}

using BadOptionTest = ::testing::TestWithParam<std::pair<const char*, const char*>>;

TEST_P(BadOptionTest, IsRefusedWithNameGotAndAllowed) {
  const auto& [name, value] = GetParam();
  const absl::Status status = ParseOptions({{name, value}}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr(std::string(name) + ": got "), HasSubstr(value), HasSubstr("allowed ")));
}

INSTANTIATE_TEST_SUITE_P(ParseOptionsTest, BadOptionTest,
                         ::testing::ValuesIn(std::vector<std::pair<const char*, const char*>>{
                             {"listen", ""},
                             {"listen", "7411"},
                             {"listen", ":7411"},
                             {"listen", "localhost"},
                             {"listen", "localhost:"},
                             {"listen", "127.0.0.1:99999"},
                             {"listen", "127.0.0.1:-1"},
                             {"listen", "unix:"},
                             {"metrics-listen", "7412"},
                             {"metrics-listen", "localhost:65536"},
                             {"metrics-listen", "unix:/run/metrics"},
                             {"metrics-listen", "127.0.0.1:1,127.0.0.1:2"},
                             {"backend", "gpu"},
                             {"backend", ""},
                             {"threads", "-1"},
                             {"threads", "1025"},
                             {"threads", "two"},
                             {"threads", "1.5"},
                             {"threads", "99999999999999999999"},
                             {"memory-budget-bytes", "-1"},
                             {"memory-budget-bytes", "1GB"},
                             {"memory-budget-bytes", "GiB"},
                             {"memory-budget-bytes", "1KiBMiB"},
                             {"memory-budget-bytes", "1025TiB"},
                             {"memory-budget-bytes", "8388608TiB"},
                             {"memory-budget-bytes", "9223372036854775808"},
                             {"scratch-bytes", "1023KiB"},
                             {"max-message-bytes", "65535"},
                             {"max-message-bytes", "1025MiB"},
                             {"max-banks", "0"},
                             {"max-banks", "1000001"},
                             {"max-batch", "0"},
                             {"max-batch", "4097"},
                             {"queue-capacity", "0"},
                             {"queue-capacity", "255"},  // Less than the default max-batch.
                             {"reflection", "yes"},
                             {"reflection", "TRUE"},
                             {"drain-delay", "5"},
                             {"drain-delay", "-1s"},
                             {"drain-delay", "inf"},
                             {"drain-grace", "61m"},
                             {"drain-grace", "soon"},
                             {"log-level", "loud"},
                             {"log-format", "xml"}}));

TEST(ParseOptionsTest, BoundsAreAllowed) {
  for (const auto& [name, value] :
       std::vector<std::pair<const char*, const char*>>{{"max-message-bytes", "1GiB"},
                                                        {"max-message-bytes", "64KiB"},
                                                        {"memory-budget-bytes", "1024TiB"},
                                                        {"scratch-bytes", "1MiB"},
                                                        {"threads", "1024"},
                                                        {"drain-delay", "0"},
                                                        {"drain-grace", "1h"},
                                                        {"listen", "[::1]:65535"},
                                                        {"listen", "localhost:0"},
                                                        {"listen", "unix:/run/s"},
                                                        {"metrics-listen", ""},
                                                        {"metrics-listen", "[::]:0"}}) {
    const absl::Status status = ParseOptions({{name, value}}).status();
    EXPECT_TRUE(status.ok()) << status;
  }
}

TEST(ParseOptionsFileTest, LinesAreNamesAndValues) {
  const auto values = ParseOptionsFile(
      "# a comment\n"
      "\n"
      "max-batch = 16\n"
      "  listen=unix:/run/a=b.sock  \r\n"
      "\t# indented comment\n"
      "port-file =",
      "engramd.conf");
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT(*values, UnorderedElementsAre(Pair("max-batch", "16"), Pair("listen", "unix:/run/a=b.sock"),
                                            Pair("port-file", "")));
}

TEST(ParseOptionsFileTest, TheLastOfTwoLinesCounts) {
  EXPECT_EQ(ParseOptionsFile("max-batch = 1\nmax-batch = 2\n", "f")->at("max-batch"), "2");
}

TEST(ParseOptionsFileTest, AnEmptyFileSetsNothing) { EXPECT_THAT(*ParseOptionsFile("", "f"), IsEmpty()); }

TEST(ParseOptionsFileTest, BadLinesAreNamedByFileAndNumber) {
  for (const char* line :
       {"max-batch", "= 3", "no-such-option = 1", "MAX-BATCH = 1", "--max-batch = 1", "[server]"}) {
    const absl::Status status =
        ParseOptionsFile(std::string("# ok\n") + line + "\n", "engramd.conf").status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << line;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr("engramd.conf:2: got"), HasSubstr(line)));
  }
}

TEST(SampleOptionsFileTest, SetsEveryOptionToItsDefault) {
  const auto values = ParseOptionsFile(SampleOptionsFile(), "sample");
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(values->size(), OptionTable().size());
  for (const Option& option : OptionTable()) EXPECT_EQ(values->at(option.name), option.default_value);
  EXPECT_TRUE(ParseOptions(*values).ok());
}

}  // namespace
}  // namespace engram
