#include "client/cli/capabilities_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "client/cli/bank_report.h"

namespace engram::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string TextOf(const Table& table) {
  std::ostringstream text;
  table.Print(Screen{&text});
  return text.str();
}

v1::GetCapabilitiesResponse ServerWithGpu() {
  v1::GetCapabilitiesResponse response;
  v1::Device* processor = response.add_devices();
  processor->set_kind("cpu");
  processor->set_threads(16);
  processor->set_instruction_set("avx512");
  v1::Device* gpu = response.add_devices();
  gpu->set_kind("cuda");
  gpu->set_name("NVIDIA H200");
  gpu->set_memory_bytes(int64_t{140} << 30);
  gpu->set_memory_budget_bytes(int64_t{138} << 30);
  return response;
}

TEST(CapabilitiesReportTest, AGpuIsShownWithItsMemory) {
  const std::string text = TextOf(CapabilitiesTable(ServerWithGpu()));
  EXPECT_THAT(text, HasSubstr("cpu, 16 threads, avx512"));
  EXPECT_THAT(text, HasSubstr("cuda NVIDIA H200, 140 GiB of memory, 138 GiB for banks"));
  const Json json = CapabilitiesJson(ServerWithGpu());
  EXPECT_EQ(json["devices"][0]["memory_bytes"], 0);
  EXPECT_EQ(json["devices"][1]["memory_bytes"], int64_t{140} << 30);
  EXPECT_EQ(json["devices"][1]["memory_budget_bytes"], int64_t{138} << 30);
}

TEST(BankReportTest, MemoryOfTheDeviceIsShownWhereThereIsSome) {
  v1::Bank bank;
  EXPECT_THAT(TextOf(BankDetails(bank)), Not(HasSubstr("device memory")));
  bank.set_device_bytes(3 << 20);
  EXPECT_THAT(TextOf(BankDetails(bank)), HasSubstr("3 MiB"));
  EXPECT_EQ(BankJson(bank)["device_bytes"], 3 << 20);
}

}  // namespace
}  // namespace engram::cli
