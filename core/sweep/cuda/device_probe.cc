#include "core/sweep/cuda/device_probe.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

constexpr char kDoing[] = "probing";

// What counts of the time between two looks at most: a clock that was set, or a process that was stopped, is
// no silence of the device's.
constexpr absl::Duration kLongestStep = absl::Seconds(1);

}  // namespace

DeviceProbe::DeviceProbe(Device* device) : device_(device), question_(device), answer_(device) {}

absl::StatusOr<std::unique_ptr<DeviceProbe>> DeviceProbe::Make(Device* device, MemoryPool* scratch) {
  std::unique_ptr<DeviceProbe> probe(new DeviceProbe(device));
  ENGRAM_RETURN_IF_ERROR(probe->Begin(scratch));
  return probe;
}

absl::Status DeviceProbe::Begin(MemoryPool* scratch) {
  device_->Use();
  int least = 0;
  int highest = 0;
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaDeviceGetStreamPriorityRange(&least, &highest), kDoing));
  ENGRAM_RETURN_IF_ERROR(
      device_->Check(cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking, highest), kDoing));
  ENGRAM_RETURN_IF_ERROR(
      device_->Check(cudaEventCreateWithFlags(&answered_, cudaEventDisableTiming), kDoing));
  ENGRAM_RETURN_IF_ERROR(question_.Grow(sizeof(number_)));
  ENGRAM_RETURN_IF_ERROR(answer_.Grow(sizeof(number_)));
  ENGRAM_ASSIGN_OR_RETURN(on_device_, scratch->Take(sizeof(number_), stream_));
  return absl::OkStatus();
}

DeviceProbe::~DeviceProbe() {
  if (stream_ == nullptr) return;
  // Of a lost device nothing is freed: see Device::Wait.
  if (!device_->Wait(stream_, kDoing).ok()) return;
  device_->Use();
  on_device_ = DeviceBytes();
  if (answered_ != nullptr) (void)cudaEventDestroy(answered_);
  (void)cudaStreamDestroy(stream_);
}

void DeviceProbe::Ask(absl::FunctionRef<void()> when_it_works) {
  // The device keeps what went wrong.
  if (!device_->is_lost()) TryToAsk(when_it_works).IgnoreError();
}

absl::Status DeviceProbe::TryToAsk(absl::FunctionRef<void()> when_it_works) {
  is_silent_ = true;  // Before a call that may hang.
  device_->Use();
  if (is_under_way_) {
    const cudaError_t error = cudaEventQuery(answered_);
    if (error == cudaErrorNotReady) {
      (void)cudaGetLastError();  // Or the next launch of this thread would report it.
      return absl::OkStatus();
    }
    ENGRAM_RETURN_IF_ERROR(device_->Check(error, kDoing));
    const uint32_t answer = *answer_.as<uint32_t>();
    if (answer != number_) device_->Lose(absl::StrCat("probing: got ", answer, " back for ", number_));
    ENGRAM_RETURN_IF_ERROR(device_->CheckPresent());
    is_under_way_ = false;
    ++answers_;
  }
  when_it_works();
  ENGRAM_RETURN_IF_ERROR(device_->CheckPresent());
  *question_.as<uint32_t>() = ++number_;
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaMemcpyAsync(on_device_.as<void>(), question_.as<void>(),
                                                        sizeof(number_), cudaMemcpyHostToDevice, stream_),
                                        kDoing));
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaMemcpyAsync(answer_.as<void>(), on_device_.as<void>(),
                                                        sizeof(number_), cudaMemcpyDeviceToHost, stream_),
                                        kDoing));
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaEventRecord(answered_, stream_), kDoing));
  is_under_way_ = true;
  // Until it is asked for the answer: others, asked by the same thread, may hold that up.
  is_silent_ = false;
  return absl::OkStatus();
}

void DeviceProbe::Judge(absl::Time now, absl::Duration timeout) {
  MutexLock lock(&mutex_);
  const int64_t answers = answers_;
  if (!is_silent_ || answers != judged_answers_) {
    silence_ = absl::ZeroDuration();
  } else {
    silence_ += std::clamp(now - judged_, absl::ZeroDuration(), kLongestStep);
  }
  // Of callers at the same time the one with the earlier `now` may come last: what it set back would be
  // counted twice. Further back than that, the clock was set.
  if (now > judged_ || judged_ - now > kLongestStep) judged_ = now;
  judged_answers_ = answers;
  if (silence_ >= timeout) device_->Lose(absl::StrCat("no answer for ", absl::FormatDuration(timeout)));
}

}  // namespace engram
