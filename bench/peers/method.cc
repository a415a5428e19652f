#include "bench/peers/method.h"

#include <algorithm>
#include <future>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/peers/native_baseline.h"
#include "core/base/status_macros.h"
#include "core/engine/state_update.h"
#include "core/engine/stop_rule.h"

namespace engram::bench {
namespace {

Answer ToAnswer(const std::vector<Survivor>& support, std::vector<double> weights,
                std::vector<double> state) {
  Answer answer;
  for (const Survivor& survivor : support) answer.ids.push_back(survivor.id);
  answer.weights = std::move(weights);
  answer.state = std::move(state);
  return answer;
}

// Sweeps, projects and combines, as the engine does, until `update_limit` updates are made or a state stops.
// Each update sweeps the bank again.
class UpdateMethod : public Method {
 public:
  UpdateMethod(const PeerData* data, BankSnapshot bank, Dynamics dynamics, Sweeper* sweeper, ThreadPool* pool,
               int64_t batch, int update_limit)
      : data_(data),
        bank_(std::move(bank)),
        dynamics_(std::move(dynamics)),
        sweeper_(sweeper),
        pool_(pool),
        update_limit_(update_limit),
        updates_(batch),
        iterations_(batch) {}

  absl::Status Run(int64_t first) override {
    std::vector<int64_t> moving(updates_.size());
    for (size_t b = 0; b < moving.size(); ++b) moving[b] = static_cast<int64_t>(b);
    for (int i = 1; i <= update_limit_ && !moving.empty(); ++i) {
      ENGRAM_RETURN_IF_ERROR(Update(first, i, &moving));
    }
    return absl::OkStatus();
  }

  Answer LastAnswer(int64_t b) const override {
    Answer answer = ToAnswer(updates_[b].support, updates_[b].weights, updates_[b].next);
    answer.iterations = answer.sweeps = iterations_[b];
    return answer;
  }

 private:
  // The i-th update of the states in `moving`; those that stop leave it.
  absl::Status Update(int64_t first, int i, std::vector<int64_t>* moving) {
    std::vector<SweepState> states;
    for (const int64_t b : *moving) {
      const absl::Span<const double> state = i == 1 ? data_->query_in_double(first + b) : updates_[b].next;
      states.push_back(
          {state, Cut(dynamics_.transform, dynamics_.beta, bank_.pattern_count()), bank_.version()});
    }
    std::vector<SurvivorList> survivors(states.size());
    ENGRAM_RETURN_IF_ERROR(sweeper_->Sweep(bank_, states, absl::MakeSpan(survivors)));
    std::vector<absl::StatusOr<StateUpdate>> updates(states.size(), absl::UnknownError(""));
    pool_->ParallelFor(static_cast<int64_t>(states.size()),
                       [&](int64_t j) { updates[j] = ComputeStateUpdate(bank_, dynamics_, &survivors[j]); });
    std::vector<int64_t> left;
    for (size_t j = 0; j < states.size(); ++j) {
      ENGRAM_RETURN_IF_ERROR(updates[j].status());
      const int64_t b = (*moving)[j];
      if (!DecideStop(dynamics_, states[j].state, updates[j]->next, i).reason.has_value()) left.push_back(b);
      updates_[b] = *std::move(updates[j]);
      iterations_[b] = i;
    }
    *moving = std::move(left);
    return absl::OkStatus();
  }

  const PeerData* const data_;
  const BankSnapshot bank_;
  const Dynamics dynamics_;
  Sweeper* const sweeper_;
  ThreadPool* const pool_;
  const int update_limit_;
  std::vector<StateUpdate> updates_;
  std::vector<int> iterations_;
};

// Whole retrievals, through the engine.
class RetrieveMethod : public Method {
 public:
  RetrieveMethod(const PeerData* data, BankSnapshot bank, Dynamics dynamics, Engine* engine, int64_t batch)
      : data_(data), bank_(std::move(bank)), dynamics_(std::move(dynamics)), engine_(engine), batch_(batch) {}

  absl::Status Run(int64_t first) override {
    RetrieveCall call;
    call.dynamics = dynamics_;
    call.with_energy = false;
    for (int64_t b = 0; b < batch_; ++b) {
      const absl::Span<const double> query = data_->query_in_double(first + b);
      call.states.insert(call.states.end(), query.begin(), query.end());
    }
    std::promise<absl::StatusOr<RetrieveResult>> promise;
    ENGRAM_RETURN_IF_ERROR(engine_->Retrieve(
        bank_, std::move(call),
        [&](absl::StatusOr<RetrieveResult> result) { promise.set_value(std::move(result)); }));
    ENGRAM_ASSIGN_OR_RETURN(RetrieveResult result, promise.get_future().get());
    retrievals_ = std::move(result.retrievals);
    return absl::OkStatus();
  }

  Answer LastAnswer(int64_t b) const override {
    const Retrieval& retrieval = retrievals_[b];
    Answer answer = ToAnswer(retrieval.support, retrieval.weights, retrieval.state);
    answer.iterations = retrieval.iterations;
    answer.sweeps = retrieval.sweeps;
    return answer;
  }

 private:
  const PeerData* const data_;
  const BankSnapshot bank_;
  const Dynamics dynamics_;
  Engine* const engine_;
  const int64_t batch_;
  std::vector<Retrieval> retrievals_;
};

// One update by sparsemax as plain Eigen makes it.
class PlainEigenMethod : public Method {
 public:
  PlainEigenMethod(const PeerData* data, float beta, int64_t batch)
      : data_(data), beta_(beta), batch_(batch), next_(batch * data->dim()) {}

  absl::Status Run(int64_t first) override {
    std::vector<float> states;
    for (int64_t b = 0; b < batch_; ++b) {
      const absl::Span<const float> query = data_->query(first + b);
      states.insert(states.end(), query.begin(), query.end());
    }
    UpdateByPlainEigen(data_->patterns().data(), data_->pattern_count(), data_->dim(), states.data(), batch_,
                       beta_, next_.data());
    return absl::OkStatus();
  }

  Answer LastAnswer(int64_t b) const override {
    const auto begin = next_.begin() + b * data_->dim();
    Answer answer;
    answer.state.assign(begin, begin + data_->dim());
    return answer;
  }

 private:
  const PeerData* const data_;
  const float beta_;
  const int64_t batch_;
  std::vector<float> next_;
};

// Reads the patterns once.
class ReadMethod : public Method {
 public:
  ReadMethod(const PeerData* data, ThreadPool* pool) : data_(data), pool_(pool) {}

  absl::Status Run(int64_t) override {
    constexpr int64_t kChunk = 1 << 18;  // Floats: 1 MiB.
    const auto count = static_cast<int64_t>(data_->patterns().size());
    std::vector<uint64_t> sums((count + kChunk - 1) / kChunk);
    pool_->ParallelFor(static_cast<int64_t>(sums.size()), [&](int64_t i) {
      sums[i] = ReadFloats(data_->patterns().data() + i * kChunk, std::min(kChunk, count - i * kChunk));
    });
    sum_ = 0;
    for (const uint64_t sum : sums) sum_ += sum;
    return absl::OkStatus();
  }

  // The sum, so that reading cannot be left out.
  Answer LastAnswer(int64_t) const override {
    Answer answer;
    answer.ids = {sum_};
    return answer;
  }

 private:
  const PeerData* const data_;
  ThreadPool* const pool_;
  uint64_t sum_ = 0;
};

absl::StatusOr<ScreenedBy> ParseScreenedBy(const std::string& name) {
  if (name == "int8") return ScreenedBy::kInt8;
  if (name == "float32") return ScreenedBy::kFloat32;
  return absl::InvalidArgumentError(absl::StrCat("screening: got ", name, ", allowed int8 and float32"));
}

}  // namespace

absl::StatusOr<Dynamics> ParseDynamics(const Command& command) {
  Dynamics dynamics;
  const std::string transform = command.Text("transform", "entmax");
  if (transform == "softmax") {
    dynamics.transform = Softmax();
  } else if (transform == "entmax") {
    ENGRAM_ASSIGN_OR_RETURN(const double alpha, command.Number("alpha", 1.5));
    ENGRAM_ASSIGN_OR_RETURN(dynamics.transform, Entmax::Make(alpha));
  } else if (transform == "k_subsets") {
    ENGRAM_ASSIGN_OR_RETURN(const int64_t k, command.Integer("k", 1));
    ENGRAM_ASSIGN_OR_RETURN(dynamics.transform, KSubsets::Make(k));
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("transform: got ", transform, ", allowed softmax, entmax and k_subsets"));
  }
  ENGRAM_ASSIGN_OR_RETURN(dynamics.beta, command.Number("beta", 28));
  ENGRAM_ASSIGN_OR_RETURN(dynamics.max_iterations, command.Integer("max_iterations", 100));
  return dynamics;
}

absl::StatusOr<std::unique_ptr<Method>> MakeMethod(const Command& command, PeerData* data, Runner* runner) {
  const std::string name = command.Text("method", "");
  ENGRAM_ASSIGN_OR_RETURN(const int64_t batch, command.Integer("batch", 1));
  ENGRAM_ASSIGN_OR_RETURN(const Dynamics dynamics, ParseDynamics(command));
  ENGRAM_ASSIGN_OR_RETURN(const ScreenedBy screened_by, ParseScreenedBy(command.Text("screening", "int8")));
  if (batch < 1) return absl::InvalidArgumentError(absl::StrCat("batch: got ", batch, ", allowed 1 or more"));
  if (name == "read") return std::make_unique<ReadMethod>(data, runner->pool());
  if (name == "eigen") {
    return std::make_unique<PlainEigenMethod>(data, static_cast<float>(dynamics.beta), batch);
  }
  ENGRAM_ASSIGN_OR_RETURN(const BankSnapshot bank, data->Bank(screened_by));
  ENGRAM_RETURN_IF_ERROR(ValidateFor(dynamics.transform, bank.pattern_count()));
  if (name == "retrieve") {
    return std::make_unique<RetrieveMethod>(data, bank, dynamics, runner->engine(), batch);
  }
  Sweeper* const sweeper = name == "reference" ? runner->reference() : runner->cpu();
  if (name == "update" || name == "reference") {
    return std::make_unique<UpdateMethod>(data, bank, dynamics, sweeper, runner->pool(), batch, 1);
  }
  if (name == "rescan") {
    return std::make_unique<UpdateMethod>(data, bank, dynamics, sweeper, runner->pool(), batch,
                                          dynamics.max_iterations);
  }
  return absl::InvalidArgumentError(absl::StrCat("method: got ", name));
}

}  // namespace engram::bench
