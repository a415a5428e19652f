#include "core/bank/published_version.h"

#include <gtest/gtest.h>

#include <memory>

namespace engram {
namespace {

// A state of `version`; `dropped` is called when it goes.
template <typename Dropped>
PublishedVersion::State MakeState(int64_t version, const Dropped& dropped) {
  auto* const state = new BankSnapshot::State;
  state->version = version;
  return {state, [dropped](const BankSnapshot::State* old) {
            dropped();
            delete old;
          }};
}

// Dropping the last to hold many rows takes long; whoever does it must hold no lock that readers need.
TEST(PublishedVersionTest, WhatShowedBeforeIsLeftToTheCaller) {
  int dropped = 0;
  const auto count = [&dropped] { ++dropped; };
  PublishedVersion published(MakeState(1, count), {{7, {0, 0}}});
  {
    const PublishedVersion::State old = published.Publish(MakeState(2, count), {{8, {0, 1}}}, {});
    EXPECT_EQ(old->version, 1);
    EXPECT_EQ(published.Pin().version(), 2);
    EXPECT_EQ(dropped, 0);
  }
  EXPECT_EQ(dropped, 1);
  RowIndex index = {{9, {0, 0}}};
  const PublishedVersion::State old = published.Publish(MakeState(3, count), &index);
  EXPECT_EQ(old->version, 2);
  EXPECT_EQ(index.size(), 2u);
  EXPECT_TRUE(index.contains(7) && index.contains(8));
  EXPECT_EQ(published.Pin().version(), 3);
  EXPECT_EQ(dropped, 1);
}

}  // namespace
}  // namespace engram
