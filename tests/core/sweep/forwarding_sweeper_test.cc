#include "core/sweep/forwarding_sweeper.h"

#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <vector>

#include "core/sweep/reference_sweeper.h"
#include "tests/core/bank/test_bank.h"

namespace engram {
namespace {

// Answers each call in its own way.
class TellingSweeper : public ReferenceSweeper {
 public:
  absl::string_view name() const override { return "telling"; }
  absl::Status Sweep(const BankSnapshot&, absl::Span<const SweepState>, absl::Span<SweepResult>) override {
    return absl::UnavailableError("sweep");
  }
  absl::Status StreamSoftmax(const BankSnapshot&, absl::Span<const StreamState>,
                             absl::Span<StreamedSoftmax>) override {
    return absl::UnavailableError("stream");
  }
  bool Combine(const BankSnapshot&, absl::Span<const Survivor>, absl::Span<const double>,
               absl::Span<double>) override {
    return true;
  }
  bool leaves_host_free() const override { return true; }
  Residency* residency() override { return reinterpret_cast<Residency*>(this); }
  SweeperCounts counts() const override {
    SweeperCounts counts;
    counts.dense_states = 7;
    return counts;
  }
  void ProbeDevices() override { ++probes; }
  std::vector<DeviceStatus> devices() const override { return std::vector<DeviceStatus>(3); }
  std::optional<double> DeviceUtilization(size_t i) const override { return static_cast<double>(i) / 8; }

  int probes = 0;
};

TEST(ForwardingSweeperTest, AnswersAsTheOtherDoes) {
  TellingSweeper to;
  ForwardingSweeper forwarding(&to);
  TestBank bank(2);
  const BankSnapshot snapshot = bank->Pin();
  EXPECT_EQ(forwarding.name(), "telling");
  EXPECT_EQ(forwarding.Sweep(snapshot, {}, {}).message(), "sweep");
  EXPECT_EQ(forwarding.StreamSoftmax(snapshot, {}, {}).message(), "stream");
  EXPECT_TRUE(forwarding.Combine(snapshot, {}, {}, {}));
  EXPECT_TRUE(forwarding.leaves_host_free());
  EXPECT_EQ(forwarding.residency(), to.residency());
  EXPECT_EQ(forwarding.counts().dense_states, 7);
  forwarding.ProbeDevices();
  EXPECT_EQ(to.probes, 1);
  EXPECT_EQ(forwarding.devices().size(), 3u);
  EXPECT_EQ(forwarding.DeviceUtilization(2), 0.25);
}

// Sweeper as it is: only what has no default is added.
class PlainSweeper : public Sweeper {
 public:
  absl::string_view name() const override { return "plain"; }
  absl::Status Sweep(const BankSnapshot&, absl::Span<const SweepState>, absl::Span<SweepResult>) override {
    return absl::OkStatus();
  }
  absl::Status StreamSoftmax(const BankSnapshot&, absl::Span<const StreamState>,
                             absl::Span<StreamedSoftmax>) override {
    return absl::OkStatus();
  }
  virtual void FirstThatSweeperLacks() {}
};

// The functions that `object` calls for the virtual ones of Sweeper, in their order. The language does not
// tell; the ABI of all compilers that Engram is built with does.
std::vector<const void*> VirtualFunctions(const Sweeper& object) {
  void (PlainSweeper::*const end)() = &PlainSweeper::FirstThatSweeperLacks;
  uintptr_t offset = 0;
  std::memcpy(&offset, &end, sizeof(offset));
  offset &= ~uintptr_t{1};  // Says on some machines that it is an offset.
  const void* const* table = nullptr;
  std::memcpy(&table, static_cast<const void*>(&object), sizeof(table));
  return std::vector<const void*>(table, table + offset / sizeof(void*));
}

TEST(ForwardingSweeperTest, WhateverIsAddedToSweeperIsForwarded) {
  PlainSweeper plain;
  const std::vector<const void*> defaults = VirtualFunctions(plain);
  const std::vector<const void*> forwarding = VirtualFunctions(ForwardingSweeper(&plain));
  ASSERT_GT(defaults.size(), 8u);
  for (size_t i = 0; i < defaults.size(); ++i) {
    EXPECT_NE(forwarding[i], defaults[i]) << "virtual function " << i << " of Sweeper is not forwarded";
  }
}

}  // namespace
}  // namespace engram
