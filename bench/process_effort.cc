#include "bench/process_effort.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace engram::bench {
namespace {

// Fields of /proc/PID/stat after the name, which may hold blanks: proc(5) counts them from 3.
constexpr size_t kUserTime = 14 - 3;
constexpr size_t kSystemTime = 15 - 3;

int64_t VoluntarySwitches(const std::filesystem::path& status_file) {
  std::ifstream file(status_file);
  std::string line;
  while (std::getline(file, line)) {
    const std::vector<std::string> words = absl::StrSplit(line, '\t');
    int64_t count = 0;
    if (words[0] == "voluntary_ctxt_switches:" && absl::SimpleAtoi(words.back(), &count)) return count;
  }
  return 0;
}

}  // namespace

absl::StatusOr<ProcessEffort> ReadProcessEffort(int pid) {
  const std::string process = absl::StrCat("/proc/", pid);
  std::ifstream file(process + "/stat");
  std::string line;
  std::getline(file, line);
  const std::vector<std::string> fields =
      absl::StrSplit(line.substr(line.rfind(')') + 1), ' ', absl::SkipEmpty());
  int64_t user = 0;
  int64_t system = 0;
  if (fields.size() <= kSystemTime || !absl::SimpleAtoi(fields[kUserTime], &user) ||
      !absl::SimpleAtoi(fields[kSystemTime], &system)) {
    return absl::NotFoundError(absl::StrCat(process, " does not say what the process used up"));
  }
  ProcessEffort effort;
  effort.cpu_us = 1e6 * static_cast<double>(user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  std::error_code error;
  for (const auto& task : std::filesystem::directory_iterator(process + "/task", error)) {
    effort.context_switches += VoluntarySwitches(task.path() / "status");
  }
  return effort;
}

}  // namespace engram::bench
