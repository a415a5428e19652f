#include "core/storage/free_space.h"

#include <sys/statvfs.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"

namespace engram {
namespace {

constexpr int64_t kLargestWriteBuffer = int64_t{16} << 20;
constexpr int64_t kSmallestWriteBuffer = int64_t{1} << 20;
constexpr int64_t kReserve = int64_t{1} << 30;

}  // namespace

int64_t VolumeBytes(const std::string& path) {
  struct statvfs volume;
  if (::statvfs(path.c_str(), &volume) != 0) return 0;
  return static_cast<int64_t>(volume.f_blocks) * static_cast<int64_t>(volume.f_frsize);
}

int64_t WriteBufferBytes(int64_t volume_bytes) {
  if (volume_bytes == 0) return kLargestWriteBuffer;
  return std::clamp(volume_bytes / 16, kSmallestWriteBuffer, kLargestWriteBuffer);
}

int64_t MinFreeBytes(int64_t volume_bytes) {
  const int64_t buffers = 3 * WriteBufferBytes(volume_bytes);
  if (volume_bytes == 0) return std::max(kReserve, buffers);
  const int64_t wanted = std::max({kReserve, volume_bytes / 20, buffers});
  return std::min(wanted, std::max(volume_bytes / 8, buffers));
}

absl::Status CheckFreeSpace(int64_t asked_bytes, int64_t free_bytes, int64_t min_free_bytes,
                            absl::string_view directory, absl::string_view deletable) {
  const int64_t usable = std::max<int64_t>(0, free_bytes - min_free_bytes);
  if (asked_bytes <= usable) return absl::OkStatus();
  ErrorDetails details;
  details.reason = "DISK_FULL";
  details.metadata = {{"asked_bytes", absl::StrCat(asked_bytes)}, {"free_bytes", absl::StrCat(usable)}};
  return MakeError(
      absl::StatusCode::kResourceExhausted, details,
      absl::StrCat("the disk of the ", directory, " has ", free_bytes, " bytes free, of which ",
                   min_free_bytes, " are kept; asked ", asked_bytes, "; free some, or delete ", deletable));
}

}  // namespace engram
