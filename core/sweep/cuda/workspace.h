#ifndef ENGRAM_CORE_SWEEP_CUDA_WORKSPACE_H_
#define ENGRAM_CORE_SWEEP_CUDA_WORKSPACE_H_

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/base/status_macros.h"
#include "core/sweep/cuda/memory_pool.h"
#include "core/sweep/cuda/pinned_bytes.h"
#include "core/sweep/cuda/select_kernels.h"

namespace engram {

// A stream and what one sweep or one look at near misses at a time works with.
class Workspace {
 public:
  // Who is what: passes over a whole bank (scans and what selects from them, dense scores, streams of
  // softmax) are scans. Looks at near misses and combinations of rows are short: what they launch goes before
  // the blocks of scans that have not begun, and they need little room. A look that finds more gives up.
  enum class Kind { kScan, kLook };
  static constexpr int kKinds = 2;

  // What one takes of the device's memory. `list_capacity` is that of scans, here and below.
  static int64_t BytesFor(Kind kind, int64_t list_capacity);

  // Of a scan, with room for `list_capacity` tiles and rows; a look has room for a few thousand at most.
  // `device` and `scratch` must outlive it.
  static absl::StatusOr<std::unique_ptr<Workspace>> Make(Device* device, MemoryPool* scratch, Kind kind,
                                                         int64_t list_capacity);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  Kind kind() const { return kind_; }
  Device* device() const { return device_; }
  cudaStream_t stream() const { return stream_; }

  // The lists of one selection, on the device.
  int64_t list_capacity() const { return list_capacity_; }
  TileEntry* tiles() const { return tiles_.as<TileEntry>(); }
  SelectedRows* selected() const { return selected_.as<SelectedRows>(); }

  // Memory of the device for what is launched until it is let go of: it goes back in the stream's order.
  absl::StatusOr<DeviceBytes> Take(int64_t bytes) { return scratch_->Take(bytes, stream_); }

  // Where inputs lie on their way to the device. REQUIRES: those before were waited for.
  PinnedBytes& staged_inputs() { return staged_inputs_; }

  // Keeps what is launched next from losing what it reads: `held` lives until it has been waited for.
  void Hold(std::shared_ptr<const void> held) { held_.push_back(std::move(held)); }
  // Waits for what was launched; see Device::Wait. After an error this is not to be used again.
  absl::Status Wait() {
    const absl::Status status = device_->Wait(stream_, "sweeping");
    held_.clear();
    return status;
  }

  // Begins to copy `count` elements from the device. REQUIRES: what was fetched before is not needed any
  // more.
  template <typename T>
  absl::Status BeginFetch(const T* from, int64_t count) {
    const auto bytes = count * static_cast<int64_t>(sizeof(T));
    ENGRAM_RETURN_IF_ERROR(staged_results_.Grow(bytes));
    return device_->Check(cudaMemcpyAsync(staged_results_.as<T>(), from, static_cast<size_t>(bytes),
                                          cudaMemcpyDeviceToHost, stream_),
                          "fetching results");
  }
  // Waits for them. They lie there until the next are fetched.
  template <typename T>
  absl::StatusOr<absl::Span<const T>> EndFetch(int64_t count) {
    ENGRAM_RETURN_IF_ERROR(Wait());
    return absl::MakeConstSpan(staged_results_.as<T>(), static_cast<size_t>(count));
  }
  template <typename T>
  absl::StatusOr<absl::Span<const T>> Fetch(const T* from, int64_t count) {
    ENGRAM_RETURN_IF_ERROR(BeginFetch(from, count));
    return EndFetch<T>(count);
  }

 private:
  Workspace(Device* device, MemoryPool* scratch, Kind kind, int64_t list_capacity);
  absl::Status Begin();

  Device* const device_;
  MemoryPool* const scratch_;
  const Kind kind_;
  const int64_t list_capacity_;
  cudaStream_t stream_ = nullptr;
  DeviceBytes tiles_;
  DeviceBytes selected_;
  PinnedBytes staged_inputs_;
  PinnedBytes staged_results_;
  std::vector<std::shared_ptr<const void>> held_;
};

// Arrays on their way to the device, as one copy. What is launched before this goes finds them there.
class Inputs {
 public:
  // Which array.
  using Handle = size_t;

  template <typename T>
  Handle Add(absl::Span<const T> array) {
    return AddBytes(array.data(), static_cast<int64_t>(array.size() * sizeof(T)));
  }
  // Makes their addresses known before they are sent, in case one of them holds addresses of others.
  absl::Status Reserve(Workspace* workspace);
  // Begins to copy; the arrays may go once this returns.
  absl::Status Send(Workspace* workspace);
  template <typename T>
  const T* at(Handle handle) const {
    return reinterpret_cast<const T*>(on_device_.as<const unsigned char>() + arrays_[handle].offset);
  }

 private:
  struct Array {
    const void* data;
    int64_t bytes;
    int64_t offset;
  };
  Handle AddBytes(const void* data, int64_t bytes);

  std::vector<Array> arrays_;
  int64_t bytes_ = 0;
  DeviceBytes on_device_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_WORKSPACE_H_
