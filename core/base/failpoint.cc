#include "core/base/failpoint.h"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/base/mutex.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

struct Setting {
  int index = -1;  // -1: nothing fails.
  int64_t nth = 0;
  bool aborts = false;
};

absl::StatusOr<Setting> ParseSetting(absl::string_view text) {
  Setting setting;
  if (text.empty()) return setting;
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  if (parts.size() == 3) setting.index = FailpointIndex(parts[0]);
  const bool is_valid = setting.index >= 0 && absl::SimpleAtoi(parts[1], &setting.nth) && setting.nth >= 1 &&
                        (parts[2] == "abort" || parts[2] == "error");
  if (!is_valid) {
    std::string names;
    for (const char* name : kFailpointNames) absl::StrAppend(&names, " ", name);
    return absl::InvalidArgumentError(absl::StrCat(
        "ENGRAM_FAILPOINT: got '", text, "', allowed NAME:NTH:abort or NAME:NTH:error with NAME of", names));
  }
  setting.aborts = parts[2] == "abort";
  return setting;
}

class Failpoints {
 public:
  static Failpoints& Get() {
    static Failpoints& failpoints = *new Failpoints();
    return failpoints;
  }

  absl::Status Set(absl::string_view text) {
    ENGRAM_ASSIGN_OR_RETURN(const Setting setting, ParseSetting(text));
    MutexLock lock(&mutex_);
    setting_ = setting;
    hits_ = {};
    return absl::OkStatus();
  }

  absl::Status Reach(int index) {
    MutexLock lock(&mutex_);
    const bool is_time = ++hits_[index] == setting_.nth && index == setting_.index;
    if (!is_time) return absl::OkStatus();
    if (setting_.aborts) {
      std::fprintf(stderr, "failpoint %s\n", kFailpointNames[index]);
      std::abort();
    }
    return absl::UnavailableError(absl::StrCat("failpoint ", kFailpointNames[index]));
  }

  int64_t hits(int index) {
    MutexLock lock(&mutex_);
    return hits_[index];
  }

 private:
  Failpoints() {
    const char* text = std::getenv("ENGRAM_FAILPOINT");
    if (text == nullptr) return;
    // A test that sets a name that is not there would pass without testing anything.
    if (const absl::Status status = Set(text); !status.ok()) {
      std::fprintf(stderr, "%s\n", std::string(status.message()).c_str());
      std::abort();
    }
  }

  Mutex mutex_;
  Setting setting_ ABSL_GUARDED_BY(mutex_);
  std::array<int64_t, kFailpointNames.size()> hits_ ABSL_GUARDED_BY(mutex_) = {};
};

}  // namespace

absl::Status ReachFailpoint(int index) { return Failpoints::Get().Reach(index); }
absl::Status SetFailpoint(absl::string_view setting) { return Failpoints::Get().Set(setting); }
int64_t FailpointHits(int index) { return Failpoints::Get().hits(index); }

}  // namespace engram
