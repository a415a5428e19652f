#ifndef ENGRAM_BENCH_PEERS_COMMAND_H_
#define ENGRAM_BENCH_PEERS_COMMAND_H_

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace engram::bench {

// One line of the protocol of peer_bench.cc: a verb and NAME=VALUE pairs, between spaces.
class Command {
 public:
  static Command Parse(absl::string_view line);

  const std::string& verb() const { return verb_; }

  // The value of `name`, or the default. INVALID_ARGUMENT: it is no number.
  std::string Text(absl::string_view name, absl::string_view otherwise) const;
  absl::StatusOr<int64_t> Integer(absl::string_view name, int64_t otherwise) const;
  absl::StatusOr<double> Number(absl::string_view name, double otherwise) const;

 private:
  std::string verb_;
  absl::flat_hash_map<std::string, std::string> values_;
};

}  // namespace engram::bench

#endif  // ENGRAM_BENCH_PEERS_COMMAND_H_
