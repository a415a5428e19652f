#ifndef ENGRAM_CLIENT_CLI_BYTE_PROGRESS_H_
#define ENGRAM_CLIENT_CLI_BYTE_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <string>

#include "client/cli/screen.h"

namespace engram::cli {

// What keeps a progress bar of bytes up to date on `screen`, which outlives it, from its first call on until
// the last copy goes. `label` is the bar's first word.
std::function<void(int64_t done_bytes, int64_t total_bytes)> ShowByteProgress(const Screen& screen,
                                                                              const std::string& label);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_BYTE_PROGRESS_H_
