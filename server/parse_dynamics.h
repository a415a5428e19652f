#ifndef ENGRAM_SERVER_PARSE_DYNAMICS_H_
#define ENGRAM_SERVER_PARSE_DYNAMICS_H_

#include "absl/status/statusor.h"
#include "core/transform/dynamics.h"
#include "engram/v1/dynamics.pb.h"

namespace engram {

// Dynamics from the wire; fields that are unset take those of `defaults`.
// Errors name fields within the message; see Within.
// INVALID_ARGUMENT: a field is out of range.
absl::StatusOr<Dynamics> ParseDynamics(const v1::Dynamics& wire, const Dynamics& defaults);

// The same for a request's field `field`, which errors name too.
absl::StatusOr<Dynamics> ParseDynamicsIn(const char* field, const v1::Dynamics& wire,
                                         const Dynamics& defaults);

}  // namespace engram

#endif  // ENGRAM_SERVER_PARSE_DYNAMICS_H_
