#include "bench/process_memory.h"

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"

namespace engram::bench {

absl::StatusOr<ProcessMemory> ReadProcessMemory(int pid) {
  const std::string path = absl::StrCat("/proc/", pid, "/status");
  std::ifstream file(path);
  ProcessMemory memory;
  std::string key;
  int64_t kibibytes = 0;
  for (std::string line; file >> key; std::getline(file, line)) {
    if (key == "VmRSS:" && file >> kibibytes) memory.resident_bytes = kibibytes * 1024;
    if (key == "VmHWM:" && file >> kibibytes) memory.peak_bytes = kibibytes * 1024;
  }
  if (memory.resident_bytes == 0)
    return absl::NotFoundError(absl::StrCat("no memory figures in '", path, "'"));
  return memory;
}

}  // namespace engram::bench
