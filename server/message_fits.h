#ifndef ENGRAM_SERVER_MESSAGE_FITS_H_
#define ENGRAM_SERVER_MESSAGE_FITS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "server/limits.h"

namespace engram {

// RESOURCE_EXHAUSTED: a response of `bytes` is larger than a message may be.
absl::Status CheckMessageFits(int64_t bytes, const Limits& limits);

}  // namespace engram

#endif  // ENGRAM_SERVER_MESSAGE_FITS_H_
