#include "bench/peers/baseline_methods.h"

#include <algorithm>
#include <vector>

#include "bench/peers/native_baseline.h"

namespace engram::bench {
namespace {

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

}  // namespace

std::unique_ptr<Method> MakePlainEigenMethod(const PeerData* data, float beta, int64_t batch) {
  return std::make_unique<PlainEigenMethod>(data, beta, batch);
}

std::unique_ptr<Method> MakeReadMethod(const PeerData* data, ThreadPool* pool) {
  return std::make_unique<ReadMethod>(data, pool);
}

}  // namespace engram::bench
