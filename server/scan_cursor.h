#ifndef ENGRAM_SERVER_SCAN_CURSOR_H_
#define ENGRAM_SERVER_SCAN_CURSOR_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace engram {

// A scan goes by ascending id, so a place in it is an id: it means the same in every version of a bank.

// The cursor of a scan whose next pattern has an id of `next_id` or more. Printable ASCII.
std::string MakeScanCursor(uint64_t next_id);

// The id with which a scan goes on at `cursor`; "" is the start, 0.
// INVALID_ARGUMENT: MakeScanCursor did not make it; the field is "cursor".
absl::StatusOr<uint64_t> ParseScanCursor(const std::string& cursor);

}  // namespace engram

#endif  // ENGRAM_SERVER_SCAN_CURSOR_H_
