#include <utility>

#include "bench/peers/engram_methods.h"
#include "core/base/status_macros.h"
#include "core/engine/state_update.h"
#include "core/engine/stop_rule.h"

namespace engram::bench {
namespace {

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
    std::vector<SweepResult> results(states.size());
    ENGRAM_RETURN_IF_ERROR(sweeper_->Sweep(bank_, states, absl::MakeSpan(results)));
    std::vector<absl::StatusOr<StateUpdate>> updates(states.size(), absl::UnknownError(""));
    pool_->ParallelFor(static_cast<int64_t>(states.size()), [&](int64_t j) {
      updates[j] = ComputeStateUpdate(bank_, dynamics_, &results[j].survivors);
    });
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

}  // namespace

std::unique_ptr<Method> MakeUpdateMethod(const PeerData* data, BankSnapshot bank, Dynamics dynamics,
                                         Sweeper* sweeper, ThreadPool* pool, int64_t batch,
                                         int update_limit) {
  return std::make_unique<UpdateMethod>(data, std::move(bank), std::move(dynamics), sweeper, pool, batch,
                                        update_limit);
}

}  // namespace engram::bench
