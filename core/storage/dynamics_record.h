#ifndef ENGRAM_CORE_STORAGE_DYNAMICS_RECORD_H_
#define ENGRAM_CORE_STORAGE_DYNAMICS_RECORD_H_

#include "absl/status/statusor.h"
#include "core/storage/byte_record.h"
#include "core/transform/dynamics.h"

namespace engram {

// Appends `dynamics` to a record: numbers, and each transformation as its tag and its parameters.
void WriteDynamics(const Dynamics& dynamics, ByteWriter* record);

// Takes dynamics from a record of any bytes.
//
// DATA_LOSS: they are incomplete, out of range, or of a kind that this version does not know.
absl::StatusOr<Dynamics> ReadDynamics(ByteReader* record);

}  // namespace engram

#endif  // ENGRAM_CORE_STORAGE_DYNAMICS_RECORD_H_
