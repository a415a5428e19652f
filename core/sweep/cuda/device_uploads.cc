#include "core/sweep/cuda/device_uploads.h"

#include <algorithm>
#include <cstring>

#include "core/base/status_macros.h"

namespace engram {
namespace {

constexpr int64_t kBufferBytes = int64_t{8} << 20;
// Parts of a buffer begin at multiples of it.
constexpr int64_t kAlignment = 256;
static_assert(kBufferBytes % kAlignment == 0);

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceUploads>> DeviceUploads::Make(Device* device) {
  std::unique_ptr<DeviceUploads> uploads(new DeviceUploads(device));
  ENGRAM_RETURN_IF_ERROR(uploads->Begin());
  return uploads;
}

absl::Status DeviceUploads::Begin() {
  MutexLock lock(&mutex_);
  device_->Use();
  constexpr char kDoing[] = "preparing uploads";
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), kDoing));
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaEventCreateWithFlags(&done_, cudaEventDisableTiming), kDoing));
  for (Buffer& buffer : buffers_) {
    ENGRAM_RETURN_IF_ERROR(
        device_->Check(cudaEventCreateWithFlags(&buffer.free, cudaEventDisableTiming), kDoing));
    ENGRAM_RETURN_IF_ERROR(buffer.bytes.Grow(kBufferBytes));
  }
  return absl::OkStatus();
}

DeviceUploads::~DeviceUploads() {
  if (stream_ == nullptr) return;
  // What of a lost device is left as it is: see Device::Wait.
  if (!device_->Wait(stream_, "finishing uploads").ok()) return;
  device_->Use();
  (void)cudaStreamDestroy(stream_);
  if (done_ != nullptr) (void)cudaEventDestroy(done_);
  MutexLock lock(&mutex_);
  for (const Buffer& buffer : buffers_) {
    if (buffer.free != nullptr) (void)cudaEventDestroy(buffer.free);
  }
}

void DeviceUploads::Copy(void* to, const void* from, int64_t size, Change change) {
  MutexLock lock(&mutex_);
  device_->Use();
  for (int64_t begin = 0; begin < size && !device_->is_lost();) {
    int64_t copied = 0;
    const absl::Status status =
        CopyPart(static_cast<unsigned char*>(to) + begin, static_cast<const unsigned char*>(from) + begin,
                 size - begin, change, &copied);
    // Even for want of memory: rows that are not there must not be swept.
    if (!status.ok()) device_->Lose(status.message());
    begin += copied;
  }
}

absl::Status DeviceUploads::CopyPart(unsigned char* to, const unsigned char* from, int64_t size,
                                     Change change, int64_t* copied) {
  constexpr char kDoing[] = "uploading";
  // A store has several parts, most of them small: they share a buffer, and none waits for the one before.
  if (buffers_[filled_].used == kBufferBytes) {
    filled_ = 1 - filled_;
    ENGRAM_RETURN_IF_ERROR(device_->Wait(buffers_[filled_].free, kDoing));
    buffers_[filled_].used = 0;
  }
  Buffer& buffer = buffers_[filled_];
  size = std::min(size, kBufferBytes - buffer.used);
  auto* const staged = buffer.bytes.as<unsigned char>() + buffer.used;
  buffer.used += (size + kAlignment - 1) / kAlignment * kAlignment;
  if (change == Change::kSignBytes) {
    for (int64_t i = 0; i < size; ++i) staged[i] = from[i] ^ 0x80U;
  } else {
    std::memcpy(staged, from, static_cast<size_t>(size));
  }
  ENGRAM_RETURN_IF_ERROR(device_->Check(
      cudaMemcpyAsync(to, staged, static_cast<size_t>(size), cudaMemcpyHostToDevice, stream_), kDoing));
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaEventRecord(buffer.free, stream_), kDoing));
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaEventRecord(done_, stream_), kDoing));
  *copied = size;
  return absl::OkStatus();
}

}  // namespace engram
