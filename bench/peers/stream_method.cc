#include <utility>

#include "bench/peers/engram_methods.h"
#include "core/base/status_macros.h"
#include "core/engine/streamed_update.h"

namespace engram::bench {
namespace {

// One softmax update in one read of the patterns, as `arithmetic: FAST` computes it.
class StreamMethod : public Method {
 public:
  StreamMethod(const PeerData* data, BankSnapshot bank, Dynamics dynamics, Sweeper* sweeper, int64_t batch)
      : data_(data),
        bank_(std::move(bank)),
        dynamics_(std::move(dynamics)),
        sweeper_(sweeper),
        updates_(batch) {}

  absl::Status Run(int64_t first) override {
    const double window = WindowFor(dynamics_.transform, bank_.pattern_count()).width;
    std::vector<StreamState> states;
    for (size_t b = 0; b < updates_.size(); ++b) {
      states.push_back(
          {data_->query_in_double(first + static_cast<int64_t>(b)), dynamics_.beta, window, bank_.version()});
    }
    std::vector<StreamedSoftmax> streams(states.size());
    ENGRAM_RETURN_IF_ERROR(sweeper_->StreamSoftmax(bank_, states, absl::MakeSpan(streams)));
    for (size_t b = 0; b < streams.size(); ++b) {
      ENGRAM_ASSIGN_OR_RETURN(updates_[b], ComputeStreamedUpdate(dynamics_, streams[b]));
    }
    return absl::OkStatus();
  }

  Answer LastAnswer(int64_t b) const override { return ToAnswer({}, {}, updates_[b].next); }

 private:
  const PeerData* const data_;
  const BankSnapshot bank_;
  const Dynamics dynamics_;
  Sweeper* const sweeper_;
  std::vector<StateUpdate> updates_;
};

}  // namespace

std::unique_ptr<Method> MakeStreamMethod(const PeerData* data, BankSnapshot bank, Dynamics dynamics,
                                         Sweeper* sweeper, int64_t batch) {
  return std::make_unique<StreamMethod>(data, std::move(bank), std::move(dynamics), sweeper, batch);
}

}  // namespace engram::bench
