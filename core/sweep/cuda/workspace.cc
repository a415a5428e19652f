#include "core/sweep/cuda/workspace.h"

#include <algorithm>
#include <cstring>

namespace engram {
namespace {

constexpr int64_t kAlignment = 256;

// Enough for most sweeps, and most looks, so that none of them waits for memory to be pinned.
constexpr int64_t kScanStagedBytes = int64_t{1} << 20;
constexpr int64_t kLookStagedBytes = int64_t{64} << 10;

// What the lists of a look have room for, at most.
constexpr int64_t kLookListCapacity = int64_t{1} << 12;

int64_t CapacityOf(Workspace::Kind kind, int64_t list_capacity) {
  return kind == Workspace::Kind::kScan ? list_capacity : std::min(list_capacity, kLookListCapacity);
}
int64_t TileListBytes(int64_t list_capacity) {
  return list_capacity * static_cast<int64_t>(sizeof(TileEntry));
}
int64_t SelectedBytes(int64_t list_capacity) {
  const int64_t rows_beyond = std::max<int64_t>(0, list_capacity - SelectedRows::kFirst);
  return static_cast<int64_t>(sizeof(SelectedRows)) + rows_beyond * static_cast<int64_t>(sizeof(RowEntry));
}

}  // namespace

int64_t Workspace::BytesFor(Kind kind, int64_t list_capacity) {
  const int64_t capacity = CapacityOf(kind, list_capacity);
  return TileListBytes(capacity) + SelectedBytes(capacity);
}

Workspace::Workspace(Device* device, MemoryPool* scratch, Kind kind, int64_t list_capacity)
    : device_(device),
      scratch_(scratch),
      kind_(kind),
      list_capacity_(CapacityOf(kind, list_capacity)),
      staged_inputs_(device),
      staged_results_(device) {}

absl::StatusOr<std::unique_ptr<Workspace>> Workspace::Make(Device* device, MemoryPool* scratch, Kind kind,
                                                           int64_t list_capacity) {
  std::unique_ptr<Workspace> workspace(new Workspace(device, scratch, kind, list_capacity));
  ENGRAM_RETURN_IF_ERROR(workspace->Begin());
  return workspace;
}

absl::Status Workspace::Begin() {
  constexpr char kDoing[] = "preparing sweeps";
  device_->Use();
  int least = 0;
  int highest = 0;
  ENGRAM_RETURN_IF_ERROR(device_->Check(cudaDeviceGetStreamPriorityRange(&least, &highest), kDoing));
  ENGRAM_RETURN_IF_ERROR(device_->Check(
      cudaStreamCreateWithPriority(&stream_, cudaStreamNonBlocking, kind_ == Kind::kLook ? highest : least),
      kDoing));
  ENGRAM_ASSIGN_OR_RETURN(tiles_, Take(TileListBytes(list_capacity_)));
  ENGRAM_ASSIGN_OR_RETURN(selected_, Take(SelectedBytes(list_capacity_)));
  const int64_t staged_bytes = kind_ == Kind::kLook ? kLookStagedBytes : kScanStagedBytes;
  ENGRAM_RETURN_IF_ERROR(staged_inputs_.Grow(staged_bytes));
  return staged_results_.Grow(staged_bytes);
}

Workspace::~Workspace() {
  // What of a lost device is left as it is: see Device::Wait.
  if (stream_ == nullptr || !Wait().ok()) return;
  device_->Use();
  tiles_ = DeviceBytes();
  selected_ = DeviceBytes();
  (void)cudaStreamDestroy(stream_);
}

Inputs::Handle Inputs::AddBytes(const void* data, int64_t bytes) {
  arrays_.push_back({data, bytes, bytes_});
  bytes_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
  return arrays_.size() - 1;
}

absl::Status Inputs::Reserve(Workspace* workspace) {
  ENGRAM_RETURN_IF_ERROR(workspace->staged_inputs().Grow(bytes_));
  ENGRAM_ASSIGN_OR_RETURN(on_device_, workspace->Take(bytes_));
  return absl::OkStatus();
}

absl::Status Inputs::Send(Workspace* workspace) {
  if (on_device_.as<void>() == nullptr) ENGRAM_RETURN_IF_ERROR(Reserve(workspace));
  auto* const staged = workspace->staged_inputs().as<unsigned char>();
  for (const Array& array : arrays_) {
    if (array.bytes > 0) std::memcpy(staged + array.offset, array.data, static_cast<size_t>(array.bytes));
  }
  return workspace->device()->Check(
      cudaMemcpyAsync(on_device_.as<void>(), staged, static_cast<size_t>(bytes_), cudaMemcpyHostToDevice,
                      workspace->stream()),
      "sending states");
}

}  // namespace engram
