#include <future>
#include <memory>
#include <utility>

#include "bench/peers/engram_methods.h"
#include "core/base/status_macros.h"

namespace engram::bench {
namespace {

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
    const auto answered = std::make_shared<std::promise<absl::StatusOr<RetrieveResult>>>();
    ENGRAM_RETURN_IF_ERROR(engine_->Retrieve(
        bank_, std::move(call),
        [answered](absl::StatusOr<RetrieveResult> result) { answered->set_value(std::move(result)); }));
    ENGRAM_ASSIGN_OR_RETURN(RetrieveResult result, answered->get_future().get());
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

}  // namespace

std::unique_ptr<Method> MakeRetrieveMethod(const PeerData* data, BankSnapshot bank, Dynamics dynamics,
                                           Engine* engine, int64_t batch) {
  return std::make_unique<RetrieveMethod>(data, std::move(bank), std::move(dynamics), engine, batch);
}

}  // namespace engram::bench
