#include "client/cli/file.h"

#include <cerrno>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace engram::cli {

absl::StatusOr<std::string> ReadFile(const std::string& path, std::istream& in) {
  std::ifstream file;
  if (path != "-") {
    errno = 0;
    file.open(path, std::ios::binary);
    if (!file) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open '", path, "'"));
  }
  std::istream& source = path == "-" ? in : file;
  errno = 0;
  // Opening a folder succeeds; only reading it tells.
  source.peek();
  if (source.bad() || errno != 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read '", path, "'"));
  std::string contents{std::istreambuf_iterator<char>(source), std::istreambuf_iterator<char>()};
  if (source.bad()) return absl::ErrnoToStatus(errno, absl::StrCat("cannot read '", path, "'"));
  return contents;
}

}  // namespace engram::cli
