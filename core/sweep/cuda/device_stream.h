#ifndef ENGRAM_CORE_SWEEP_CUDA_DEVICE_STREAM_H_
#define ENGRAM_CORE_SWEEP_CUDA_DEVICE_STREAM_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "core/sweep/cuda/member_kernels.h"
#include "core/sweep/cuda/resident_rows.h"
#include "core/sweep/cuda/stream_kernels.h"
#include "core/sweep/cuda/workspace.h"
#include "core/sweep/softmax_stream.h"

namespace engram {

// A group of states as all devices get them.
struct StreamGroup {
  absl::Span<const StreamState> states;  // [B]
  std::vector<float> scaled;             // [B, D], over their scales.
  std::vector<double> scales;            // [B]
};

// What a device says of one state. Of its own rows alone.
struct DeviceStreamed {
  StreamSum sum;
  int64_t block_count = 0;          // Blocks of threads whose sums were added to one another.
  std::vector<double> combination;  // [D], not divided by the sum of weights; undefined without visible rows.
  int64_t support_size = 0;
  std::vector<StreamMember> members;  // As in StreamedSoftmax.
};

// The softmax streams of one group of states after the other on one device. Scores stay there; sums and
// members cross the bus. Launch, then perhaps FetchSums and SetLargest, then LaunchMembers and Fetch; what
// launches returns at once. Errors are those of Device::Check.
class DeviceStream {
 public:
  // `rows` must outlive it.
  static absl::StatusOr<std::unique_ptr<DeviceStream>> Make(const ResidentRows* rows);
  ~DeviceStream();
  DeviceStream(const DeviceStream&) = delete;
  DeviceStream& operator=(const DeviceStream&) = delete;

  const ResidentRows& rows() const { return rows_; }
  // What it takes of the device's memory for each state, about.
  int64_t BytesPerState() const;

  // Scores, weights and sums. `group` must live until Fetch has returned.
  absl::Status Launch(const StreamGroup* group);
  // For a bank with rows elsewhere: waits for the sums [B] of its own,
  absl::Status FetchSums(std::vector<StreamSum>* sums);
  // and learns the largest scores [B] of all.
  absl::Status SetLargest(absl::Span<const float> largest);
  // Counts and lists the rows with weight.
  absl::Status LaunchMembers();
  // Waits for all that is said of each state [B]; of a bank with rows elsewhere, `sum.largest` is of all.
  absl::Status Fetch(std::vector<DeviceStreamed>* streamed);

 private:
  DeviceStream(const ResidentRows* rows, std::unique_ptr<Workspace> workspace);

  int64_t count() const { return static_cast<int64_t>(group_->states.size()); }
  int64_t dim() const { return rows_.bank().settings().dim; }
  Device* device() const { return rows_.gpu()->device(); }

  // Divides up the memory for results; returns how many bytes they take. Null: no more than that.
  int64_t Divide(unsigned char* memory);
  // The states, which rows they see, and where those lie.
  absl::Status SendInputs();
  // What is said of each state but for its members, how many entries of the list are its, and the list's
  // first `early` entries, or what there is; none if the list has no room for all.
  absl::Status FetchHeader(int64_t early, std::vector<DeviceStreamed>* streamed, std::vector<int64_t>* listed,
                           std::vector<MemberEntry>* entries);
  // The other entries.
  absl::Status FetchRest(const std::vector<int64_t>& listed, std::vector<MemberEntry>* entries);
  // Entries [begin, end) of the list.
  absl::Status AppendEntries(int64_t begin, int64_t end, std::vector<MemberEntry>* entries);

  const ResidentRows& rows_;
  const int64_t blocks_;
  std::unique_ptr<Workspace> workspace_;
  Inputs inputs_;
  DeviceBytes results_;
  const StreamGroup* group_ = nullptr;
  MemberTask task_;
};

}  // namespace engram

#endif  // ENGRAM_CORE_SWEEP_CUDA_DEVICE_STREAM_H_
