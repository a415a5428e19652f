#include "server/uploads.h"

#include <unistd.h>

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/limits.h"

namespace engram {
namespace {

constexpr size_t kIdBytes = 16;

// 128 random bits in hexadecimal.
absl::StatusOr<std::string> MakeUploadId() {
  std::array<char, kIdBytes> bits;
  if (getentropy(bits.data(), bits.size()) != 0) return absl::InternalError("getentropy failed");
  return absl::BytesToHexString(absl::string_view(bits.data(), bits.size()));
}

absl::Status UploadNotFound(const std::string& id) {
  // Ids are the client's words here: cut and escaped.
  const std::string name = absl::CHexEscape(id.substr(0, 2 * kIdBytes));
  ErrorDetails details;
  details.reason = "UPLOAD_NOT_FOUND";
  details.metadata = {{"upload_id", name}};
  return MakeError(absl::StatusCode::kNotFound, details,
                   absl::StrCat("no unfinished upload to this bank has the id '", name,
                                "': it finished, was forgotten or never was; begin a new upload"));
}

absl::Status TooManyUploads() {
  ErrorDetails details;
  details.reason = "TOO_MANY_UPLOADS";
  details.metadata = {{"asked", "1"}, {"free", "0"}, {"limit", absl::StrCat(Limits::kMaxUploads)}};
  return MakeError(absl::StatusCode::kResourceExhausted, details,
                   absl::StrCat("unfinished uploads: asked 1, free 0, limit ", Limits::kMaxUploads,
                                ", all of them with a stream; finish one, or end its stream"));
}

absl::Status BankDeleted(const MemoryBank& bank) {
  const std::string name = bank.settings()->name;
  ErrorDetails details;
  details.reason = "BANK_NOT_FOUND";
  details.metadata = {{"bank", name}};
  return MakeError(absl::StatusCode::kNotFound, details, absl::StrCat("bank '", name, "' was deleted"));
}

}  // namespace

Upload::Upload(std::string id, std::shared_ptr<MemoryBank> bank, bool atomic, MemoryBudget* budget)
    : id_(std::move(id)), bank_(std::move(bank)), atomic_(atomic), budget_(budget) {
  const std::shared_ptr<const BankSettings> settings = bank_->settings();
  MutexLock lock(&mutex_);
  if (atomic_) {
    staged_ = std::make_unique<StagedRows>(settings->dim, settings->value_dim, budget_);
  } else {
    version_ = bank_->Pin().version();
  }
}

int64_t Upload::Attach() {
  MutexLock lock(&mutex_);
  attached_stream_ = ++stream_;
  return stream_;
}

bool Upload::Detach(int64_t stream) { return attached_stream_.compare_exchange_strong(stream, kNone); }

Upload::Progress Upload::progress() const {
  MutexLock lock(&mutex_);
  return {row_offset_, version_, {}};
}

absl::Status Upload::CheckStream(int64_t stream) const {
  if (dropped_) return UploadNotFound(id_);
  if (stream == stream_) return absl::OkStatus();
  ErrorDetails details;
  details.reason = "UPLOAD_RESUMED";
  details.metadata = {{"upload_id", id_}};
  return MakeError(
      absl::StatusCode::kFailedPrecondition, details,
      absl::StrCat("upload ", id_, " was resumed by another stream since; this one can add no more"));
}

absl::Status Upload::CheckNext(int64_t row_offset, const PatternRows& rows) const {
  if (row_offset != row_offset_) {
    ErrorDetails details;
    details.reason = "WRONG_OFFSET";
    details.field = "row_offset";
    details.metadata = {{"got", absl::StrCat(row_offset)}, {"expected", absl::StrCat(row_offset_)}};
    return MakeError(absl::StatusCode::kFailedPrecondition, details,
                     absl::StrCat("chunk.row_offset: got ", row_offset, ", expected ", row_offset_,
                                  ", the number of rows that upload ", id_, " has; resume there"));
  }
  if (row_offset_ > 0 && has_ids_ == rows.ids.empty()) {
    return InvalidField("ids", has_ids_ ? "none" : absl::StrCat(rows.ids.size(), " entries"),
                        has_ids_ ? "one for each pattern: the chunks before have ids"
                                 : "none: the chunks before have no ids");
  }
  return absl::OkStatus();
}

absl::StatusOr<Upload::Progress> Upload::Add(int64_t stream, int64_t row_offset, const PatternRows& rows) {
  MutexLock lock(&mutex_);
  ENGRAM_RETURN_IF_ERROR(CheckStream(stream));
  ENGRAM_RETURN_IF_ERROR(CheckNext(row_offset, rows));
  Progress progress;
  if (atomic_) {
    ENGRAM_RETURN_IF_ERROR(staged_->Add(rows));
  } else {
    ENGRAM_ASSIGN_OR_RETURN(MemoryBank::Stored stored, bank_->Store(rows));
    version_ = stored.version;
    progress.ids = std::move(stored.ids);
  }
  has_ids_ = !rows.ids.empty();
  row_offset_ += rows.patterns.rows();
  progress.row_offset = row_offset_;
  progress.version = version_;
  return progress;
}

absl::StatusOr<Upload::Progress> Upload::Finish(int64_t stream) {
  MutexLock lock(&mutex_);
  ENGRAM_RETURN_IF_ERROR(CheckStream(stream));
  Progress progress;
  if (atomic_ && staged_->count() > 0) {
    ENGRAM_ASSIGN_OR_RETURN(MemoryBank::Stored stored, bank_->Store(staged_->rows()));
    version_ = stored.version;
    progress.ids = std::move(stored.ids);
  } else if (atomic_) {
    version_ = bank_->Pin().version();
  }
  progress.row_offset = row_offset_;
  progress.version = version_;
  dropped_ = true;
  staged_ = nullptr;
  return progress;
}

void Upload::Drop() {
  MutexLock lock(&mutex_);
  dropped_ = true;
  staged_ = nullptr;
}

absl::StatusOr<std::shared_ptr<Upload>> Uploads::Begin(const std::shared_ptr<MemoryBank>& bank, bool atomic) {
  DropStale();
  ENGRAM_ASSIGN_OR_RETURN(const std::string id, MakeUploadId());
  auto upload = std::make_shared<Upload>(id, bank, atomic, budget_);
  std::shared_ptr<Upload> abandoned;
  {
    MutexLock lock(&mutex_);
    if (static_cast<int64_t>(entries_.size()) >= Limits::kMaxUploads) {
      abandoned = TakeAbandoned();
      if (abandoned == nullptr) return TooManyUploads();
    }
    entries_[id] = {upload, clock_->Now()};
  }
  if (abandoned != nullptr) abandoned->Drop();
  // If the bank is deleted after this, its deletion drops the upload.
  if (!bank->closed()) return upload;
  Remove(id);
  return BankDeleted(*bank);
}

absl::StatusOr<std::shared_ptr<Upload>> Uploads::Find(const std::string& id, const MemoryBank& bank) {
  DropStale();
  MutexLock lock(&mutex_);
  const auto it = entries_.find(id);
  if (it == entries_.end() || it->second.upload->bank().get() != &bank) return UploadNotFound(id);
  it->second.last_used = clock_->Now();
  return it->second.upload;
}

void Uploads::Remove(const std::string& id) {
  std::shared_ptr<Upload> removed;
  {
    MutexLock lock(&mutex_);
    const auto it = entries_.find(id);
    if (it == entries_.end()) return;
    removed = std::move(it->second.upload);
    entries_.erase(it);
  }
  removed->Drop();
}

std::shared_ptr<Upload> Uploads::TakeAbandoned() {
  auto oldest = entries_.end();
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->second.upload->attached()) continue;
    if (oldest == entries_.end() || it->second.last_used < oldest->second.last_used) oldest = it;
  }
  if (oldest == entries_.end()) return nullptr;
  std::shared_ptr<Upload> upload = std::move(oldest->second.upload);
  entries_.erase(oldest);
  return upload;
}

void Uploads::DropStale() {
  std::vector<std::shared_ptr<Upload>> stale;
  {
    MutexLock lock(&mutex_);
    const absl::Time now = clock_->Now();
    for (auto it = entries_.begin(); it != entries_.end();) {
      const Entry& entry = it->second;
      const bool is_stale = entry.upload->bank()->closed() || entry.last_used + Limits::kUploadIdle <= now;
      if (is_stale) stale.push_back(entry.upload);
      const auto current = it++;
      if (is_stale) entries_.erase(current);
    }
  }
  // Waits for chunks that are under way: not under the lock.
  for (const std::shared_ptr<Upload>& upload : stale) upload->Drop();
}

int64_t Uploads::count() const {
  MutexLock lock(&mutex_);
  return static_cast<int64_t>(entries_.size());
}

}  // namespace engram
