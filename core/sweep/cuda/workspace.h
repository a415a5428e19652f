#ifndef ENGRAM_CORE_SWEEP_CUDA_WORKSPACE_H_
#define ENGRAM_CORE_SWEEP_CUDA_WORKSPACE_H_

#include <cuda_runtime_api.h>

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/sweep/cuda/device_memory.h"
#include "core/sweep/cuda/select_kernels.h"

namespace engram {

// A stream and the memory of one sweep or one look at near misses at a time.
class Workspace {
 public:
  // Of a selection that has room for `list_capacity` tiles and rows. `device` must outlive it.
  static absl::StatusOr<std::unique_ptr<Workspace>> Make(Device* device, int64_t list_capacity);
  ~Workspace();
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;

  Device* device() const { return device_; }
  cudaStream_t stream() const { return stream_; }

  // The lists of one selection, on the device.
  int64_t list_capacity() const { return list_capacity_; }
  TileEntry* tiles() const { return tiles_.as<TileEntry>(); }
  RowEntry* rows() const { return rows_.as<RowEntry>(); }
  double* scores() const { return scores_.as<double>(); }
  EntryCounts* counts() const { return counts_.as<EntryCounts>(); }

  // Grows as asked; on the device, and pinned.
  Bytes& inputs() { return inputs_; }
  Bytes& staged_inputs() { return staged_inputs_; }
  Bytes& results() { return results_; }
  Bytes& staged_results() { return staged_results_; }

  // Keeps what is launched next from losing what it reads: `held` lives until it has been waited for.
  void Hold(std::shared_ptr<const void> held) { held_.push_back(std::move(held)); }
  // Waits for what was launched.
  absl::Status Wait() {
    const cudaError_t error = cudaStreamSynchronize(stream_);
    held_.clear();
    return device_->Check(error, "sweeping");
  }
  // Copies `count` elements from the device, to where they lie until the next call, and waits for them.
  template <typename T>
  absl::StatusOr<absl::Span<const T>> Fetch(const T* from, int64_t count) {
    const auto bytes = count * static_cast<int64_t>(sizeof(T));
    ENGRAM_RETURN_IF_ERROR(staged_results_.Grow(bytes));
    ENGRAM_RETURN_IF_ERROR(
        device_->Check(cudaMemcpyAsync(staged_results_.as<T>(), from, static_cast<size_t>(bytes),
                                       cudaMemcpyDeviceToHost, stream_),
                       "fetching results"));
    ENGRAM_RETURN_IF_ERROR(Wait());
    return absl::MakeConstSpan(staged_results_.as<T>(), static_cast<size_t>(count));
  }

 private:
  Workspace(Device* device, int64_t list_capacity);
  absl::Status Begin();

  Device* const device_;
  const int64_t list_capacity_;
  cudaStream_t stream_ = nullptr;
  Bytes tiles_;
  Bytes rows_;
  Bytes scores_;
  Bytes counts_;
  Bytes inputs_;
  Bytes staged_inputs_;
  Bytes results_;
  Bytes staged_results_;
  std::vector<std::shared_ptr<const void>> held_;
};

// Arrays on their way to the device, as one copy. Their addresses there are known once they were
// sent.
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
    return reinterpret_cast<const T*>(begin_ + arrays_[handle].offset);
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
  const unsigned char* begin_ = nullptr;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_WORKSPACE_H_
