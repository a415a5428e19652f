#include "server/scan_cursor.h"

#include <gtest/gtest.h>

#include <string>

#include "core/bank/memory_bank.h"
#include "core/base/error.h"

namespace engram {
namespace {

TEST(ScanCursorTest, WhatIsMadeIsParsed) {
  for (const uint64_t id : {uint64_t{0}, uint64_t{1}, uint64_t{0xabcdef}, MemoryBank::kIdLimit}) {
    EXPECT_EQ(*ParseScanCursor(MakeScanCursor(id)), id);
  }
}

TEST(ScanCursorTest, NoCursorIsTheStart) { EXPECT_EQ(*ParseScanCursor(""), 0u); }

TEST(ScanCursorTest, EverythingElseIsInvalid) {
  for (const std::string& cursor :
       {std::string("id-"), std::string("id-01"), std::string("id-F"), std::string("id-+1"), std::string("1"),
        std::string("id-0x1"), MakeScanCursor(MemoryBank::kIdLimit + 1), MakeScanCursor(7) + " ",
        std::string(1 << 20, '\n')}) {
    const absl::Status status = ParseScanCursor(cursor).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << cursor.substr(0, 40);
    EXPECT_EQ(FindErrorDetails(status)->field, "cursor");
    EXPECT_LT(status.message().size(), 300u);
    for (const char c : status.message()) EXPECT_TRUE(c >= ' ' && c <= '~') << int{c};
  }
}

}  // namespace
}  // namespace engram
