// The promise of canonical arithmetic: an answer has the same bytes on every backend, instruction set and
// number of threads, alone and in a batch, before and after a compaction. Built once for the host's backends
// and once for each kind of device: see device_under_test.h.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "core/bank/bank_loader.h"
#include "core/base/canonical.h"
#include "tests/core/bank/test_bank.h"
#include "tests/core/engine/device_under_test.h"
#include "tests/core/engine/dynamics_cases.h"
#include "tests/core/engine/test_engine.h"

namespace engram {
namespace {

void AppendBytes(const void* data, size_t size, std::string* bytes) {
  bytes->append(static_cast<const char*>(data), size);
}
template <typename T>
void AppendValue(const T& value, std::string* bytes) {
  AppendBytes(&value, sizeof value, bytes);
}

template <typename T>
void AppendValues(const std::vector<T>& values, std::string* bytes) {
  AppendValue(values.size(), bytes);
  AppendBytes(values.data(), values.size() * sizeof(T), bytes);
}

// Everything that a caller can see of an answer but the number of sweeps.
std::string BytesOf(const Retrieval& retrieval) {
  std::string bytes;
  AppendValues(retrieval.state, &bytes);
  AppendValues(retrieval.value, &bytes);
  for (const Survivor& survivor : retrieval.support) {
    AppendValue(survivor.id, &bytes);
    AppendValue(survivor.score, &bytes);
  }
  AppendValues(retrieval.weights, &bytes);
  AppendValue(retrieval.support_size, &bytes);
  AppendValue(retrieval.iterations, &bytes);
  AppendValue(retrieval.stop_reason, &bytes);
  AppendValue(retrieval.residual, &bytes);
  AppendValue(*retrieval.energy_before, &bytes);
  AppendValue(*retrieval.energy_after, &bytes);
  AppendValue(retrieval.exact, &bytes);
  AppendValue(retrieval.total_weight, &bytes);
  AppendValue(retrieval.separation.has_value(), &bytes);
  AppendValue(retrieval.separation.value_or(0), &bytes);
  AppendValue(retrieval.required_separation, &bytes);
  AppendValue(retrieval.duality_gap.has_value(), &bytes);
  AppendValue(retrieval.duality_gap.value_or(0), &bytes);
  return bytes;
}

std::string BytesOf(const StateEnergy& energy) {
  std::string bytes;
  AppendValue(energy.total, &bytes);
  AppendValue(energy.concave, &bytes);
  AppendValue(energy.convex, &bytes);
  AppendValue(energy.offset, &bytes);
  AppendValue(energy.gradient_norm, &bytes);
  AppendValue(energy.upper_bound, &bytes);
  return bytes;
}
std::string BytesOf(const RetrievalGradient& gradient) {
  std::string bytes;
  AppendValues(gradient.query, &bytes);
  AppendValue(gradient.beta, &bytes);
  AppendValues(gradient.ids, &bytes);
  AppendValues(gradient.patterns, &bytes);
  AppendValues(gradient.values, &bytes);
  return bytes;
}
std::string BytesOf(const Memory& memory) {
  std::string bytes;
  AppendValue(memory.id, &bytes);
  AppendValue(memory.weight, &bytes);
  AppendValues(memory.state, &bytes);
  AppendValues(memory.value, &bytes);
  AppendValue(memory.support_size, &bytes);
  AppendValue(memory.iterations, &bytes);
  AppendValue(memory.stop_reason, &bytes);
  return bytes;
}
std::string BytesOf(const PatternSeparation& separation) {
  std::string bytes;
  AppendValue(separation.id, &bytes);
  AppendValue(separation.other_id, &bytes);
  AppendValue(separation.separation, &bytes);
  AppendValue(separation.is_copy, &bytes);
  return bytes;
}
template <typename Answer>
std::vector<std::string> BytesOfEach(const std::vector<Answer>& answers) {
  std::vector<std::string> bytes;
  for (const Answer& answer : answers) bytes.push_back(BytesOf(answer));
  return bytes;
}

// The bytes of each answer; of a call that failed, the code: which of several queries the text names is up to
// the threads.
using Answers = std::vector<std::string>;
Answers Failed(const absl::Status& status) { return {absl::StatusCodeToString(status.code())}; }

// Only weights that are not confined may make a retrieval or an energy fail.
Answers Retrieve(TestEngine* engine, const BankSnapshot& bank, const RetrieveCall& call) {
  const auto result = RetrieveAndWait(engine->get(), bank, call);
  EXPECT_TRUE(result.ok() || !IsConfined(call.dynamics.transform)) << result.status();
  return result.ok() ? BytesOfEach(result->retrievals) : Failed(result.status());
}
Answers Evaluate(TestEngine* engine, const BankSnapshot& bank, const Call& call) {
  const auto result = EnergyAndWait(engine->get(), bank, call);
  EXPECT_TRUE(result.ok() || !IsConfined(call.dynamics.transform)) << result.status();
  return result.ok() ? BytesOfEach(result->energies) : Failed(result.status());
}
Answers Differentiate(TestEngine* engine, const BankSnapshot& bank, const DifferentiateCall& call) {
  const auto result = DifferentiateAndWait(engine->get(), bank, call);
  return result.ok() ? BytesOfEach(result->gradients) : Failed(result.status());
}
// Up to `count` memories.
Answers RecallSome(TestEngine* engine, const BankSnapshot& bank, const RecallPlan& plan,
                   const std::vector<double>& query, int count) {
  auto begun = Recall::Begin(bank, plan, query);
  EXPECT_TRUE(begun.ok()) << begun.status();
  if (!begun.ok()) return Failed(begun.status());
  const std::shared_ptr<Recall> recall = *std::move(begun);
  Answers answers;
  while (static_cast<int>(answers.size()) < count && !recall->exhausted()) {
    const auto memory = RecallAndWait(engine->get(), recall);
    EXPECT_TRUE(memory.ok()) << memory.status();
    if (!memory.ok()) return Failed(memory.status());
    answers.push_back(BytesOf(*memory));
  }
  return answers;
}
Answers Separate(TestEngine* engine, const BankSnapshot& bank, int64_t begin, int64_t end) {
  const auto result = SeparateAndWait(engine->get(), bank, begin, end);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? BytesOfEach(result->separations) : Failed(result.status());
}

// One engine of each kind. Make it after the banks.
class Engines {
 public:
  // What `ask` is answered by the reference; fails unless all others answer the same.
  Answers AskAll(const std::function<Answers(TestEngine*)>& ask) {
    const Answers expected = ask(&reference_);
    if (device_ != nullptr) {
      EXPECT_TRUE(ask(device_.get()) == expected) << "on the device";
      return expected;
    }
    EXPECT_TRUE(ask(serial_.get()) == expected) << "on the CPU";
    EXPECT_TRUE(ask(threaded_.get()) == expected) << "on three more threads";
    EXPECT_TRUE(ask(portable_.get()) == expected) << "in portable arithmetic";
    return expected;
  }
  // One that is not the reference.
  TestEngine* other() { return device_ != nullptr ? device_.get() : threaded_.get(); }

 private:
  TestEngine reference_;
  const std::unique_ptr<TestEngine> device_ = TestEngine::On(DeviceUnderTest());
  const std::unique_ptr<TestEngine> serial_ = TestEngine::Cpu(0);
  const std::unique_ptr<TestEngine> threaded_ = TestEngine::Cpu(3);
  const std::unique_ptr<TestEngine> portable_ =
      TestEngine::Cpu(1, AllScreenKernels().back(), PortableCanonicalArithmetic());
};

// One kind of adversarial data.
struct Shape {
  const char* name;
  int64_t count;
  int64_t dim;
  double row_scale;
  double state_scale;
  bool ties;     // Few distinct rows.
  bool lattice;  // Small integers: exact ties between scores of different rows.
  bool deletions;
  bool near = false;  // Rows that differ by a few float32 ulp, at a beta that tells them apart.
};

const Shape kShapes[] = {
    {"one row", 1, 5, 1, 1, false, false, false},
    {"one dimension", 300, 1, 1, 1, false, false, true},
    {"one of each", 1, 1, 1, 1, false, false, false},
    {"plain", 2000, 24, 1, 1, false, false, true},
    {"odd dimension", 777, 33, 1, 1, false, false, true},
    {"ties", 1500, 8, 1, 1, true, false, true},
    {"lattice", 3000, 6, 1, 1, false, true, true},
    {"many chunks", 9000, 40, 1, 1, false, false, true},
    {"huge rows", 600, 16, 1e28, 1, false, false, false},
    {"huge states", 600, 16, 1, 1e29, false, false, false},
    {"tiny", 600, 16, 1e-38, 1e-38, false, false, true},
    {"subnormal rows", 400, 9, 1e-44, 1, false, false, false},
    {"zero rows", 400, 9, 0, 1, false, false, false},
    {"near duplicates", 3000, 50, 1, 1, false, false, true, true},
};

constexpr int64_t kValueDim = 2;

class ConformanceTest : public ::testing::TestWithParam<Shape> {
 protected:
  void SetUp() override {
    if (NeedsDevice() && DeviceUnderTest() == nullptr) GTEST_SKIP() << "no device";
  }

  TestBank MakeBank() {
    Residency* const residency = DeviceUnderTest() != nullptr ? DeviceUnderTest()->residency() : nullptr;
    return TestBank(GetParam().dim, kValueDim, 0, int64_t{1} << 32, Screening::kInt8, residency);
  }

  // The rows and values of this shape in `bank`, some deleted again.
  void Fill(const std::vector<float>& rows, TestBank* bank) {
    std::normal_distribution<float> normal;
    std::vector<float> values(GetParam().count * kValueDim);
    for (float& x : values) x = normal(random_);
    PatternRows batch;
    batch.patterns = {rows.data(), GetParam().count, GetParam().dim};
    batch.values = {values.data(), GetParam().count, kValueDim};
    ASSERT_TRUE((*bank)->Store(batch).ok());
    if (!GetParam().deletions) return;
    for (uint64_t id = 0; id < static_cast<uint64_t>(GetParam().count); id += 7) {
      ASSERT_TRUE((*bank)->Delete({id}, false).ok());
    }
  }

  std::vector<float> Rows() {
    std::normal_distribution<double> normal;
    std::vector<float> rows(GetParam().count * GetParam().dim);
    for (float& x : rows) {
      x = GetParam().lattice ? static_cast<float>(static_cast<int>(random_() % 3) - 1)
                             : static_cast<float>(GetParam().row_scale * normal(random_));
    }
    if (GetParam().near) {
      for (size_t i = GetParam().dim; i < rows.size(); ++i) {
        rows[i] = rows[i % GetParam().dim] * (1 + 0x1p-23f * static_cast<float>(random_() % 8));
      }
    }
    if (GetParam().ties) {
      const int64_t distinct = 5 * GetParam().dim;
      for (size_t i = distinct; i < rows.size(); ++i) rows[i] = rows[i % distinct];
    }
    return rows;
  }

  // States near rows, between rows, and anywhere.
  std::vector<double> States(const std::vector<float>& rows, int64_t batch) {
    std::normal_distribution<double> normal;
    std::vector<double> states;
    for (int64_t b = 0; b < batch; ++b) {
      const int64_t i = static_cast<int64_t>(random_() % GetParam().count) * GetParam().dim;
      for (int64_t j = 0; j < GetParam().dim; ++j) {
        const double noise = GetParam().state_scale * normal(random_);
        const double near = static_cast<double>(rows[i + j]);
        states.push_back(static_cast<float>(b % 3 == 0 ? near : b % 3 == 1 ? near + 0.3 * noise : noise));
      }
    }
    return states;
  }

  // A beta at which a window of 1 spans from a few rows to most of them.
  std::vector<double> Betas() const {
    const double score =
        std::max(1e-60, GetParam().row_scale * std::max(GetParam().row_scale, GetParam().state_scale) *
                            std::sqrt(static_cast<double>(GetParam().dim)));
    std::vector<double> betas;
    const double zoom = GetParam().near ? 1e6 : 1;
    for (const double beta : {0.05 / score, 1 / score, 30 / score}) {
      betas.push_back(std::clamp(zoom * beta, 1e-30, 1e30));
    }
    return betas;
  }

  // All kinds of weights, each with some post-transformation.
  std::vector<Dynamics> DynamicsFor(int64_t pattern_count) {
    std::vector<Dynamics> cases;
    const auto add = [&](const Transform& transform, const PostTransform& post = IdentityPost()) {
      cases.emplace_back();
      cases.back().transform = transform;
      cases.back().post_transform = post;
    };
    add(Softmax());
    for (const double alpha : {1.0001, 1.1, 1.5, 1.7, 2.0, 3.0, 1e9}) add(*Entmax::Make(alpha));
    for (const double gamma : {1.5, 2.0, 5.0}) add(*Normmax::Make(gamma));
    for (const int64_t k : {int64_t{1}, int64_t{3}, int64_t{500}, pattern_count}) {
      if (k <= pattern_count) add(*KSubsets::Make(k));
    }
    add(*ConstrainedSparsemax::Make(SomeUpperBounds(pattern_count)));
    add(*ConstrainedSparsemax::Make(std::vector<double>(pattern_count, 1.0)), Sign());
    add(*Entmax::Make(1.5), L2Normalize());
    add(*Normmax::Make(2), *LayerNorm::Make(1e-5));
    add(Softmax(), Tanh());
    // Without a bound they soon leave the range of float32: that, too, must happen on every backend.
    add(Identity(), Sign());
    add(Identity());
    add(*Polynomial::Make(3, false), Tanh());
    add(*Polynomial::Make(4, true), L2Normalize());
    add(Exponential(), *LayerNorm::Make(1e-5));
    add(Exponential(), Sign());
    // Each search for a sequence looks at every pattern that may have weight, at k places.
    if (2 <= pattern_count && pattern_count <= 1000) {
      add(*SequentialKSubsets::Make(2, -0.3));
      add(*SequentialKSubsets::Make(2, 0.5));
      add(*SequentialKSubsets::Make(2, std::numeric_limits<double>::infinity()), Sign());
    }
    for (const int64_t k : {4, 8}) {
      if (pattern_count < k || pattern_count > 1000) continue;
      add(*SequentialKSubsets::Make(k, -0.3));
      add(*SequentialKSubsets::Make(k, 0.5));
      add(*SequentialKSubsets::Make(k, std::numeric_limits<double>::infinity()));
    }
    return cases;
  }
  // One of each kind, for calls other than retrievals.
  std::vector<Dynamics> FewDynamicsFor(int64_t pattern_count) {
    std::vector<Dynamics> cases;
    for (const TransformCase& one : AllCases(pattern_count)) {
      const bool is_sequential = std::holds_alternative<SequentialKSubsets>(one.transform);
      if (is_sequential && pattern_count > 1000) continue;
      for (const double beta : {Betas()[1], Betas()[2]}) {
        if (pattern_count > 2000 && beta != Betas()[2]) continue;
        cases.emplace_back();
        cases.back().transform = one.transform;
        cases.back().beta = beta;
        cases.back().max_iterations = 3;
        if (!IsConfined(one.transform)) cases.back().post_transform = L2Normalize();
      }
    }
    return cases;
  }

  std::mt19937_64 random_{42};
};

TEST_P(ConformanceTest, SameBytesOnEveryBackendThreadCountAndBatch) {
  const std::vector<float> rows = Rows();
  TestBank bank = MakeBank();
  ASSERT_NO_FATAL_FAILURE(Fill(rows, &bank));
  const BankSnapshot snapshot = bank->Pin();
  int call_count = 0;
  int answered_count = 0;
  Engines engines;
  for (const Dynamics& dynamics : DynamicsFor(snapshot.pattern_count())) {
    // Smaller banks have the other combinations.
    const bool is_plain =
        IsConfined(dynamics.transform) && std::holds_alternative<IdentityPost>(dynamics.post_transform);
    std::vector<double> betas = Betas();
    if (!is_plain && snapshot.pattern_count() > 2000) betas = {betas[1]};
    const auto* sequences = std::get_if<SequentialKSubsets>(&dynamics.transform);
    if (sequences != nullptr && sequences->k() > 2) betas = {betas[2]};
    if (snapshot.pattern_count() > 5000) betas = {betas.back()};
    for (const double beta : betas) {
      SCOPED_TRACE(testing::Message() << NameOf(dynamics.transform) << " " << NameOf(dynamics.post_transform)
                                      << " beta " << beta);
      RetrieveCall call;
      call.dynamics = dynamics;
      call.dynamics.beta = beta;
      call.dynamics.max_iterations = 4;
      call.dynamics.tolerance = 0;
      call.max_support = 10'000;
      call.states = States(rows, snapshot.pattern_count() > 2000 ? 4 : 7);
      const Answers expected =
          engines.AskAll([&](TestEngine* engine) { return Retrieve(engine, snapshot, call); });
      ASSERT_FALSE(HasFailure());
      ++call_count;
      if (expected.size() == 1) continue;  // It failed.
      ++answered_count;
      RetrieveCall alone = call;
      alone.states.assign(call.states.begin() + 2 * GetParam().dim, call.states.begin() + 3 * GetParam().dim);
      ASSERT_TRUE(Retrieve(engines.other(), snapshot, alone).front() == expected[2]);
    }
  }
  EXPECT_GT(answered_count, call_count * 4 / 5);
}

TEST_P(ConformanceTest, EnergiesHaveTheSameBytesInAllTheirParts) {
  const std::vector<float> rows = Rows();
  TestBank bank = MakeBank();
  ASSERT_NO_FATAL_FAILURE(Fill(rows, &bank));
  const BankSnapshot snapshot = bank->Pin();
  Engines engines;
  for (const Dynamics& dynamics : FewDynamicsFor(snapshot.pattern_count())) {
    SCOPED_TRACE(testing::Message() << NameOf(dynamics.transform) << " beta " << dynamics.beta);
    Call call;
    call.dynamics = dynamics;
    call.states = States(rows, 3);
    const Answers expected =
        engines.AskAll([&](TestEngine* engine) { return Evaluate(engine, snapshot, call); });
    ASSERT_FALSE(HasFailure());
    if (expected.size() == 1) continue;  // It failed.
    Call alone = call;
    alone.states.assign(call.states.begin() + GetParam().dim, call.states.begin() + 2 * GetParam().dim);
    ASSERT_TRUE(Evaluate(engines.other(), snapshot, alone).front() == expected[1]);
  }
}

TEST_P(ConformanceTest, GradientsHaveTheSameBytes) {
  const std::vector<float> rows = Rows();
  TestBank bank = MakeBank();
  ASSERT_NO_FATAL_FAILURE(Fill(rows, &bank));
  const BankSnapshot snapshot = bank->Pin();
  Engines engines;
  std::normal_distribution<double> normal;
  int call_count = 0;
  int answered_count = 0;
  for (const Dynamics& dynamics : FewDynamicsFor(snapshot.pattern_count())) {
    SCOPED_TRACE(testing::Message() << NameOf(dynamics.transform) << " beta " << dynamics.beta);
    DifferentiateCall call;
    call.dynamics = dynamics;
    call.states = States(rows, 2);
    for (size_t i = 0; i < call.states.size(); ++i) call.state_cotangents.push_back(normal(random_));
    for (int64_t i = 0; i < 2 * kValueDim; ++i) call.value_cotangents.push_back(normal(random_));
    const Answers expected =
        engines.AskAll([&](TestEngine* engine) { return Differentiate(engine, snapshot, call); });
    ASSERT_FALSE(HasFailure());
    call_count += IsConfined(dynamics.transform);
    if (expected.size() == 1) continue;  // It failed.
    answered_count += IsConfined(dynamics.transform);
    const auto second = [](std::vector<double> both) {
      return std::vector<double>(both.begin() + both.size() / 2, both.end());
    };
    DifferentiateCall alone = call;
    alone.states = second(call.states);
    alone.state_cotangents = second(call.state_cotangents);
    alone.value_cotangents = second(call.value_cotangents);
    ASSERT_TRUE(Differentiate(engines.other(), snapshot, alone).front() == expected[1]);
  }
  EXPECT_GT(answered_count, call_count * 4 / 5);
}

TEST_P(ConformanceTest, RecallsHaveTheSameBytesInEveryMode) {
  const std::vector<float> rows = Rows();
  TestBank bank = MakeBank();
  ASSERT_NO_FATAL_FAILURE(Fill(rows, &bank));
  const BankSnapshot snapshot = bank->Pin();
  Engines engines;
  for (const RecallMode mode : {RecallMode::kUsedUp, RecallMode::kPenalty, RecallMode::kSequential}) {
    if (mode == RecallMode::kSequential && snapshot.pattern_count() < 2) continue;
    for (const double beta : {Betas()[1], Betas()[2]}) {
      SCOPED_TRACE(testing::Message() << "mode " << static_cast<int>(mode) << " beta " << beta);
      RecallPlan plan;
      plan.mode = mode;
      plan.dynamics.beta = beta;
      plan.dynamics.max_iterations = 4;
      const std::vector<double> query = States(rows, 1);
      const Answers expected =
          engines.AskAll([&](TestEngine* engine) { return RecallSome(engine, snapshot, plan, query, 3); });
      ASSERT_FALSE(HasFailure());
      const bool uses_up = mode == RecallMode::kUsedUp;
      EXPECT_EQ(expected.size(), uses_up ? std::min<size_t>(snapshot.pattern_count(), 3) : 3);
    }
  }
}

TEST_P(ConformanceTest, SeparationsHaveTheSameBytes) {
  const std::vector<float> rows = Rows();
  TestBank bank = MakeBank();
  ASSERT_NO_FATAL_FAILURE(Fill(rows, &bank));
  const BankSnapshot snapshot = bank->Pin();
  Engines engines;
  const int64_t end = std::min<int64_t>(snapshot.pattern_count(), 50);
  const Answers expected =
      engines.AskAll([&](TestEngine* engine) { return Separate(engine, snapshot, 0, end); });
  ASSERT_EQ(expected.size(), static_cast<size_t>(end));
  EXPECT_TRUE(Separate(engines.other(), snapshot, end - 1, end).front() == expected.back());
}

INSTANTIATE_TEST_SUITE_P(Shapes, ConformanceTest, ::testing::ValuesIn(kShapes), [](const auto& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

// What a journal would give back of `bank`: its patterns by id, in batches.
std::shared_ptr<MemoryBank> LoadAgain(TestBank* bank, const MemoryBank::Parts& parts) {
  const BankSnapshot snapshot = (*bank)->Pin();
  const absl::Span<const uint64_t> ids = snapshot.by_id().ids();
  const auto loader = *BankLoader::Make(
      2, snapshot.settings(), {snapshot.version(), snapshot.pattern_count(), ids.back() + 1}, parts);
  for (size_t first = 0; first < ids.size(); first += 1000) {
    PatternRows batch;
    batch.ids = ids.subspan(first, 1000);
    std::vector<float> rows;
    for (const RowRef row : snapshot.by_id().rows().subspan(first, 1000)) {
      rows.insert(rows.end(), snapshot.pattern(row).begin(), snapshot.pattern(row).end());
    }
    batch.patterns = {rows.data(), static_cast<int64_t>(batch.ids.size()), snapshot.settings().dim};
    EXPECT_TRUE(loader->Add(batch).ok());
  }
  return *loader->Finish();
}

TEST(ConformanceTest, SameBytesAfterACompactionOrALoadAndInAnyOrderOfStores) {
  std::mt19937_64 random(5);
  std::normal_distribution<float> normal;
  constexpr int64_t kDim = 6;
  constexpr uint64_t kCount = 9000;
  std::vector<float> rows(kDim * kCount);
  for (float& x : rows) x = normal(random);
  TestBank churned(kDim);
  ASSERT_TRUE(churned.Store(rows).ok());
  std::vector<uint64_t> doomed;
  for (uint64_t id = 0; id < kCount / 2; ++id) doomed.push_back(2 * id);
  ASSERT_TRUE(churned->Delete(doomed, false).ok());
  churned.compactor().RunPending();
  ASSERT_EQ(churned->Pin().row_count(), static_cast<int64_t>(kCount / 2)) << "there was no compaction";
  TestBank fresh(kDim);
  for (uint64_t id = kCount; id-- > 0;) {
    if (id % 2 == 0) continue;
    const std::vector<float> row(rows.begin() + id * kDim, rows.begin() + (id + 1) * kDim);
    ASSERT_TRUE(fresh.Store(row, {id}).ok());
  }
  VolatileJournal journal;
  const std::shared_ptr<MemoryBank> loaded = LoadAgain(&fresh, {{&fresh.budget()}, &journal, nullptr});
  ASSERT_EQ(loaded->Pin().version(), fresh->Pin().version());
  const auto engine = TestEngine::Cpu(2);
  std::vector<Transform> transforms = {*ConstrainedSparsemax::Make(SomeUpperBounds(kCount / 2)),
                                       *KSubsets::Make(4), *SequentialKSubsets::Make(3, -0.3),
                                       *SequentialKSubsets::Make(3, 0.5), Identity()};
  transforms.insert(transforms.end(), {Softmax(), *Entmax::Make(1.5), *Normmax::Make(5)});
  for (const Transform& transform : transforms) {
    SCOPED_TRACE(NameOf(transform));
    RetrieveCall call;
    call.dynamics.transform = transform;
    call.dynamics.beta = 0.7;
    call.dynamics.max_iterations = 5;
    if (!IsConfined(transform)) call.dynamics.post_transform = Sign();
    call.max_support = 10'000;
    call.states.assign(rows.begin(), rows.begin() + 4 * kDim);
    const auto expected = Retrieve(engine.get(), fresh->Pin(), call);
    EXPECT_EQ(Retrieve(engine.get(), churned->Pin(), call), expected);
    EXPECT_EQ(Retrieve(engine.get(), loaded->Pin(), call), expected);
  }
}

}  // namespace
}  // namespace engram
