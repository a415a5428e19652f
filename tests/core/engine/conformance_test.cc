// The promise of canonical arithmetic: an answer has the same bytes on every backend, instruction set and
// number of threads, alone and in a batch, before and after a compaction.

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "core/base/canonical.h"
#include "tests/core/bank/test_bank.h"
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

// Everything that a caller can see of an answer but the number of sweeps.
std::string BytesOf(const Retrieval& retrieval) {
  std::string bytes;
  AppendBytes(retrieval.state.data(), retrieval.state.size() * sizeof(double), &bytes);
  for (const Survivor& survivor : retrieval.support) {
    AppendValue(survivor.id, &bytes);
    AppendValue(survivor.score, &bytes);
  }
  AppendBytes(retrieval.weights.data(), retrieval.weights.size() * sizeof(double), &bytes);
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

// The bytes of each answer; of a call that failed, as weights that are not confined may make it, the code.
std::vector<std::string> Answers(TestEngine* engine, const BankSnapshot& bank, const RetrieveCall& call) {
  const auto result = RetrieveAndWait(engine->get(), bank, call);
  std::vector<std::string> answers;
  if (!result.ok()) {
    EXPECT_FALSE(IsConfined(call.dynamics.transform)) << result.status();
    answers.push_back(absl::StatusCodeToString(result.status().code()));
    return answers;
  }
  for (const Retrieval& retrieval : result->retrievals) answers.push_back(BytesOf(retrieval));
  return answers;
}

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

class ConformanceTest : public ::testing::TestWithParam<Shape> {
 protected:
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
    for (const double alpha : {1.1, 1.5, 1.7, 2.0, 3.0}) add(*Entmax::Make(alpha));
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
    return cases;
  }

  std::mt19937_64 random_{42};
};

TEST_P(ConformanceTest, SameBytesOnEveryBackendThreadCountAndBatch) {
  const std::vector<float> rows = Rows();
  TestBank bank(GetParam().dim);
  ASSERT_TRUE(bank.Store(rows).ok());
  if (GetParam().deletions) {
    for (uint64_t id = 0; id < static_cast<uint64_t>(GetParam().count); id += 7) {
      ASSERT_TRUE(bank->Delete({id}, false).ok());
    }
  }
  const BankSnapshot snapshot = bank->Pin();
  int call_count = 0;
  int answered_count = 0;
  TestEngine reference;
  const auto serial = TestEngine::Cpu(0);
  const auto threaded = TestEngine::Cpu(3);
  const auto portable = TestEngine::Cpu(1, PortableCanonicalArithmetic());
  for (const Dynamics& dynamics : DynamicsFor(snapshot.pattern_count())) {
    // Small banks have the other combinations.
    const bool is_plain =
        IsConfined(dynamics.transform) && std::holds_alternative<IdentityPost>(dynamics.post_transform);
    std::vector<double> betas = Betas();
    if (!is_plain && snapshot.pattern_count() > 2000) betas = {betas[1]};
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
      const std::vector<std::string> expected = Answers(&reference, snapshot, call);
      ASSERT_EQ(Answers(serial.get(), snapshot, call), expected);
      ASSERT_EQ(Answers(threaded.get(), snapshot, call), expected);
      ASSERT_EQ(Answers(portable.get(), snapshot, call), expected);
      ++call_count;
      if (expected.size() == 1) continue;  // It failed.
      ++answered_count;
      RetrieveCall alone = call;
      alone.states.assign(call.states.begin() + 2 * GetParam().dim, call.states.begin() + 3 * GetParam().dim);
      ASSERT_EQ(Answers(threaded.get(), snapshot, alone).front(), expected[2]);
    }
  }
  EXPECT_GT(answered_count, call_count * 4 / 5);
}

INSTANTIATE_TEST_SUITE_P(Shapes, ConformanceTest, ::testing::ValuesIn(kShapes), [](const auto& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), ' ', '_');
  return name;
});

TEST(ConformanceTest, SameBytesBeforeAndAfterACompactionAndInAnyOrderOfStores) {
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
  ASSERT_EQ(churned->Pin().row_count(), static_cast<int64_t>(kCount / 2)) << "there was no compaction";
  TestBank fresh(kDim);
  for (uint64_t id = kCount; id-- > 0;) {
    if (id % 2 == 0) continue;
    const std::vector<float> row(rows.begin() + id * kDim, rows.begin() + (id + 1) * kDim);
    ASSERT_TRUE(fresh.Store(row, {id}).ok());
  }
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
    EXPECT_EQ(Answers(engine.get(), churned->Pin(), call), Answers(engine.get(), fresh->Pin(), call));
  }
}

}  // namespace
}  // namespace engram
