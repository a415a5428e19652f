#include "core/sweep/cuda/device_stream.h"

#include <algorithm>
#include <utility>

#include "core/base/status_macros.h"
#include "core/sweep/cuda/memory_parts.h"

namespace engram {
namespace {

constexpr char kDoing[] = "streaming softmax";

// Entries of the list that cross the bus before the host knows how many there are: at most so many, and so
// many more for ties.
constexpr int64_t kMostEarlyEntries = 4096;
constexpr int64_t kSpareEntries = 32;

}  // namespace

absl::StatusOr<std::unique_ptr<DeviceStream>> DeviceStream::Make(const ResidentRows* rows) {
  ENGRAM_ASSIGN_OR_RETURN(std::unique_ptr<Workspace> workspace,
                          rows->gpu()->TakeWorkspace(Workspace::Kind::kScan));
  return std::unique_ptr<DeviceStream>(new DeviceStream(rows, std::move(workspace)));
}

DeviceStream::DeviceStream(const ResidentRows* rows, std::unique_ptr<Workspace> workspace)
    : rows_(*rows),
      blocks_(StreamBlocks(rows->gpu()->device()->multiprocessors())),
      workspace_(std::move(workspace)) {}

// It is waited for when it is given back.
DeviceStream::~DeviceStream() { rows_.gpu()->GiveBack(std::move(workspace_)); }

int64_t DeviceStream::BytesPerState() const {
  return rows_.row_count() * static_cast<int64_t>(sizeof(float)) +
         (blocks_ + 1) * static_cast<int64_t>(sizeof(StreamSum) + dim() * sizeof(double)) +
         kKeyParts * kKeyBins * static_cast<int64_t>(sizeof(unsigned long long));
}

int64_t DeviceStream::Divide(unsigned char* memory) {
  StreamTask& streamed = task_.streamed;
  MemoryParts parts(memory);
  // What is fetched comes first, the list last of it.
  streamed.sums = parts.Take<StreamSum>(count());
  task_.counts = parts.Take<MemberCount>(count());
  streamed.combinations = parts.Take<double>(count() * dim());
  task_.entry_count = parts.Take<unsigned long long>(1);
  task_.entries = parts.Take<MemberEntry>(task_.capacity);
  task_.bins = parts.Take<unsigned long long>(count() * kKeyParts * kKeyBins);
  streamed.block_sums = parts.Take<StreamSum>(count() * blocks_);
  streamed.block_combinations = parts.Take<double>(count() * blocks_ * dim());
  streamed.scores = parts.Take<float>(count() * rows_.row_count());
  return parts.bytes();
}

absl::Status DeviceStream::SendInputs() {
  const auto segment_count = static_cast<int64_t>(rows_.segments().size());
  std::vector<StreamedState> states(count());
  std::vector<int64_t> wanted;
  std::vector<int64_t> versions;
  std::vector<uint16_t> loose;
  std::vector<uint16_t> at_version;
  for (int64_t b = 0; b < count(); ++b) {
    const StreamState& state = group_->states[b];
    states[b].temperature = state.beta * group_->scales[b];
    states[b].window = state.window;
    wanted.push_back(state.most_members);
    if (b == 0 || state.version != versions.back()) at_version = rows_.LooseRowsAt(state.version);
    loose.insert(loose.end(), at_version.begin(), at_version.end());
    versions.push_back(state.version);
  }
  ENGRAM_ASSIGN_OR_RETURN(
      const std::vector<const uint16_t*> visible,
      rows_.gpu()->visible_tiles()->GetAll(rows_.bank(), rows_.tiles(), versions, workspace_.get()));
  for (int64_t b = 0; b < count(); ++b) states[b].visible = visible[b];
  inputs_ = Inputs();
  Inputs& inputs = inputs_;
  const Inputs::Handle in_states = inputs.Add(absl::MakeConstSpan(states));
  const Inputs::Handle in_scaled = inputs.Add(absl::MakeConstSpan(group_->scaled));
  const Inputs::Handle in_loose = inputs.Add(absl::MakeConstSpan(loose));
  const Inputs::Handle in_wanted = inputs.Add(absl::MakeConstSpan(wanted));
  const Inputs::Handle in_segments = inputs.Add(absl::MakeConstSpan(rows_.segments()));
  // What is sent has the addresses of what is sent with it.
  ENGRAM_RETURN_IF_ERROR(inputs.Reserve(workspace_.get()));
  for (int64_t b = 0; b < count(); ++b) {
    states[b].state = inputs.at<float>(in_scaled) + b * dim();
    states[b].loose = inputs.at<uint16_t>(in_loose) + b * segment_count;
  }
  ENGRAM_RETURN_IF_ERROR(inputs.Send(workspace_.get()));
  task_.streamed.segments = inputs.at<StreamedSegment>(in_segments);
  task_.streamed.segment_count = static_cast<int32_t>(segment_count);
  task_.streamed.states = inputs.at<StreamedState>(in_states);
  task_.wanted = inputs.at<int64_t>(in_wanted);
  return absl::OkStatus();
}

absl::Status DeviceStream::Launch(const StreamGroup* group) {
  group_ = group;
  device()->Use();
  task_ = MemberTask();
  task_.capacity = std::min(workspace_->list_capacity(), count() * rows_.row_count());
  task_.streamed.state_count = static_cast<int32_t>(count());
  task_.streamed.dim = dim();
  task_.streamed.blocks = blocks_;
  task_.streamed.row_count = rows_.row_count();
  // Those of the last group go first: there need not be room for both.
  results_ = DeviceBytes();
  ENGRAM_ASSIGN_OR_RETURN(results_, workspace_->Take(Divide(nullptr)));
  Divide(results_.as<unsigned char>());
  ENGRAM_RETURN_IF_ERROR(SendInputs());
  ENGRAM_RETURN_IF_ERROR(device()->Check(rows_.gpu()->uploads()->LetWait(workspace_->stream()), kDoing));
  return device()->Check(StreamRows(task_.streamed, workspace_->stream()), kDoing);
}

absl::Status DeviceStream::FetchSums(std::vector<StreamSum>* sums) {
  device()->Use();
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const StreamSum> fetched,
                          workspace_->Fetch<StreamSum>(task_.streamed.sums, count()));
  sums->assign(fetched.begin(), fetched.end());
  return absl::OkStatus();
}

absl::Status DeviceStream::SetLargest(absl::Span<const float> largest) {
  device()->Use();
  // Nothing reads them: the sums were waited for.
  const int64_t bytes = count() * static_cast<int64_t>(sizeof(StreamSum));
  ENGRAM_RETURN_IF_ERROR(workspace_->staged_inputs().Grow(bytes));
  auto* const staged = workspace_->staged_inputs().as<StreamSum>();
  for (int64_t b = 0; b < count(); ++b) {
    staged[b] = StreamSum();
    staged[b].largest = largest[b];
  }
  return device()->Check(cudaMemcpyAsync(task_.streamed.sums, staged, static_cast<size_t>(bytes),
                                         cudaMemcpyHostToDevice, workspace_->stream()),
                         kDoing);
}

absl::Status DeviceStream::LaunchMembers() {
  device()->Use();
  const int multiprocessors = device()->multiprocessors();
  ENGRAM_RETURN_IF_ERROR(device()->Check(CountMembers(task_, multiprocessors, workspace_->stream()), kDoing));
  return device()->Check(ListMembers(task_, 0, task_.streamed.state_count, 0, rows_.row_count(),
                                     multiprocessors, workspace_->stream()),
                         kDoing);
}

absl::Status DeviceStream::Fetch(std::vector<DeviceStreamed>* streamed) {
  device()->Use();
  int64_t early = 0;
  for (const StreamState& state : group_->states) {
    if (state.most_members > 0) early += std::min(state.most_members, kMostEarlyEntries) + kSpareEntries;
  }
  early = std::min({early, kMostEarlyEntries, task_.capacity});
  streamed->assign(count(), {});
  std::vector<int64_t> listed;
  std::vector<MemberEntry> entries;
  ENGRAM_RETURN_IF_ERROR(FetchHeader(early, streamed, &listed, &entries));
  ENGRAM_RETURN_IF_ERROR(FetchRest(listed, &entries));
  for (const MemberEntry& entry : entries) {
    (*streamed)[entry.state].members.push_back({entry.score, rows_.RowOf(entry.segment, entry.row)});
  }
  return absl::OkStatus();
}

absl::Status DeviceStream::FetchHeader(int64_t early, std::vector<DeviceStreamed>* streamed,
                                       std::vector<int64_t>* listed, std::vector<MemberEntry>* entries) {
  const auto* const begin = reinterpret_cast<const unsigned char*>(task_.streamed.sums);
  const auto* const end = reinterpret_cast<const unsigned char*>(task_.entries + early);
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const unsigned char> fetched,
                          workspace_->Fetch(begin, end - begin));
  // Where what lies at `part` on the device was copied to.
  const auto at = [&](const auto* part) {
    return reinterpret_cast<decltype(part)>(fetched.data() +
                                            (reinterpret_cast<const unsigned char*>(part) - begin));
  };
  int64_t total = 0;
  for (int64_t b = 0; b < count(); ++b) {
    DeviceStreamed& state = (*streamed)[b];
    state.sum = at(task_.streamed.sums)[b];
    state.block_count = blocks_;
    const double* const combination = at(task_.streamed.combinations) + b * dim();
    state.combination.assign(combination, combination + dim());
    state.support_size = static_cast<int64_t>(at(task_.counts)[b].support);
    listed->push_back(static_cast<int64_t>(at(task_.counts)[b].listed));
    total += listed->back();
  }
  const MemberEntry* const list = at(task_.entries);
  if (total <= task_.capacity) entries->assign(list, list + std::min(early, total));
  return absl::OkStatus();
}

absl::Status DeviceStream::FetchRest(const std::vector<int64_t>& listed, std::vector<MemberEntry>* entries) {
  int64_t total = 0;
  for (const int64_t of_state : listed) total += of_state;
  if (total <= task_.capacity) return AppendEntries(static_cast<int64_t>(entries->size()), total, entries);
  // There is no room for all at once, but for those of as many rows as it has entries.
  for (int32_t b = 0; b < task_.streamed.state_count; ++b) {
    for (int64_t begin = 0; listed[b] > 0 && begin < rows_.row_count(); begin += task_.capacity) {
      const int64_t end = std::min(begin + task_.capacity, rows_.row_count());
      ENGRAM_RETURN_IF_ERROR(device()->Check(
          ListMembers(task_, b, b + 1, begin, end, device()->multiprocessors(), workspace_->stream()),
          kDoing));
      ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const unsigned long long> found,
                              workspace_->Fetch<unsigned long long>(task_.entry_count, 1));
      ENGRAM_RETURN_IF_ERROR(AppendEntries(0, static_cast<int64_t>(found[0]), entries));
    }
  }
  return absl::OkStatus();
}

absl::Status DeviceStream::AppendEntries(int64_t begin, int64_t end, std::vector<MemberEntry>* entries) {
  if (begin == end) return absl::OkStatus();
  ENGRAM_ASSIGN_OR_RETURN(const absl::Span<const MemberEntry> fetched,
                          workspace_->Fetch<MemberEntry>(task_.entries + begin, end - begin));
  entries->insert(entries->end(), fetched.begin(), fetched.end());
  return absl::OkStatus();
}

}  // namespace engram
