#ifndef ENGRAM_CORE_BANK_RESIDENCY_H_
#define ENGRAM_CORE_BANK_RESIDENCY_H_

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace engram {

struct BankSettings;
class Segment;

// What a device keeps of a segment, beside the host's memory. Dies with the segment.
class ResidentSegment {
 public:
  virtual ~ResidentSegment() = default;

  // Copies rows [begin, end) of `segment`, which no snapshot shows yet. Called by the bank's one writer,
  // before a version that has the rows is published: whatever is swept later finds them. An error of the
  // device is not the writer's: sweeps report it.
  virtual void Copy(const Segment& segment, int64_t begin, int64_t end) = 0;

  // Bytes of the device's memory.
  virtual int64_t bytes() const = 0;
};

// A device on which the segments of banks are resident. Thread-safe.
class Residency {
 public:
  virtual ~Residency() = default;

  // The memory of a segment of `capacity` rows, for `purpose`, such as "4,096 patterns of bank 'faces'".
  // Null: banks like this one are not for the device. RESOURCE_EXHAUSTED: its memory is used up; the text has
  // asked, free and limit.
  virtual absl::StatusOr<std::unique_ptr<ResidentSegment>> Reserve(int64_t capacity,
                                                                   const BankSettings& settings,
                                                                   absl::string_view purpose) = 0;

  // How many more rows of a bank like this it has room for, at most; kUnlimitedRows: banks like this one are
  // not for the device.
  virtual int64_t FreeRows(const BankSettings& settings) const = 0;
  static constexpr int64_t kUnlimitedRows = int64_t{1} << 62;
};

}  // namespace engram

#endif  // ENGRAM_CORE_BANK_RESIDENCY_H_
