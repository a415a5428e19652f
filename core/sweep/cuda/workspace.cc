#include "core/sweep/cuda/workspace.h"

#include <cstring>

#include "core/base/status_macros.h"

namespace engram {
namespace {

constexpr int64_t kAlignment = 256;

}  // namespace

Workspace::Workspace(Device* device, int64_t list_capacity)
    : device_(device),
      list_capacity_(list_capacity),
      tiles_(device, Bytes::Place::kDevice),
      rows_(device, Bytes::Place::kDevice),
      scores_(device, Bytes::Place::kDevice),
      counts_(device, Bytes::Place::kDevice),
      inputs_(device, Bytes::Place::kDevice),
      staged_inputs_(device, Bytes::Place::kPinned),
      results_(device, Bytes::Place::kDevice),
      staged_results_(device, Bytes::Place::kPinned) {}

absl::StatusOr<std::unique_ptr<Workspace>> Workspace::Make(Device* device, int64_t list_capacity) {
  std::unique_ptr<Workspace> workspace(new Workspace(device, list_capacity));
  ENGRAM_RETURN_IF_ERROR(workspace->Begin());
  return workspace;
}

absl::Status Workspace::Begin() {
  device_->Use();
  ENGRAM_RETURN_IF_ERROR(
      device_->Check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "preparing sweeps"));
  ENGRAM_RETURN_IF_ERROR(tiles_.Take(list_capacity_ * static_cast<int64_t>(sizeof(TileEntry))));
  ENGRAM_RETURN_IF_ERROR(rows_.Take(list_capacity_ * static_cast<int64_t>(sizeof(RowEntry))));
  ENGRAM_RETURN_IF_ERROR(scores_.Take(list_capacity_ * static_cast<int64_t>(sizeof(double))));
  return counts_.Take(sizeof(EntryCounts));
}

Workspace::~Workspace() {
  if (stream_ == nullptr) return;
  device_->Use();
  (void)cudaStreamSynchronize(stream_);
  (void)cudaStreamDestroy(stream_);
}

Inputs::Handle Inputs::AddBytes(const void* data, int64_t bytes) {
  arrays_.push_back({data, bytes, bytes_});
  bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  return arrays_.size() - 1;
}

absl::Status Inputs::Reserve(Workspace* workspace) {
  ENGRAM_RETURN_IF_ERROR(workspace->staged_inputs().Grow(bytes_));
  ENGRAM_RETURN_IF_ERROR(workspace->inputs().Grow(bytes_));
  begin_ = workspace->inputs().as<unsigned char>();
  return absl::OkStatus();
}

absl::Status Inputs::Send(Workspace* workspace) {
  ENGRAM_RETURN_IF_ERROR(Reserve(workspace));
  auto* const staged = workspace->staged_inputs().as<unsigned char>();
  for (const Array& array : arrays_) {
    if (array.bytes > 0) std::memcpy(staged + array.offset, array.data, static_cast<size_t>(array.bytes));
  }
  return workspace->device()->Check(
      cudaMemcpyAsync(workspace->inputs().as<void>(), staged, static_cast<size_t>(bytes_),
                      cudaMemcpyHostToDevice, workspace->stream()),
      "sending states");
}

}  // namespace engram
