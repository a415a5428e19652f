#ifndef ENGRAM_CLIENT_CLI_BANK_PROBE_H_
#define ENGRAM_CLIENT_CLI_BANK_PROBE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "client/cli/rows.h"
#include "engram/v1/bank.pb.h"
#include "engram/v1/dynamics.pb.h"

namespace engram::cli {

// Patterns [n, D] and their ids, ascending.
struct BankPatterns {
  std::vector<uint64_t> ids;
  Rows patterns;
};

// What queries recalled: one state [D] and one report for each.
struct Recalled {
  Rows states;
  std::vector<v1::Retrieval> retrievals;
};

// How BankProbe asks.
struct ProbeOptions {
  // Retrievals come without energies, which take the server time.
  bool omit_energy = false;
  // Called with the number of states that are answered, after each request.
  std::function<void(int64_t)> progress;
};

// Asks one version of a bank about any number of states, in requests that the server takes.
//
// Errors, besides those of the RPCs: ABORTED when the bank changed since the probe was made. Try again.
class BankProbe {
 public:
  // `given` is what was said about the dynamics; the bank's defaults mean the rest.
  static absl::StatusOr<BankProbe> Make(const std::string& bank, const v1::Dynamics& given,
                                        const Context& context);

  const v1::Bank& bank() const { return bank_; }
  // Everything is set, transformations' parameters aside.
  const v1::Dynamics& dynamics() const { return dynamics_; }

  // INVALID_ARGUMENT: there are more than `limit`, which is at most 1,000,000.
  absl::StatusOr<BankPatterns> ReadPatterns(int64_t limit) const;

  // Up to 100 entries of each support, those of largest weight.
  absl::StatusOr<Recalled> Retrieve(const Rows& queries, const v1::Dynamics& dynamics,
                                    const ProbeOptions& options) const;

  // The energy of each state under dynamics().
  absl::StatusOr<std::vector<double>> Energies(const Rows& states, const ProbeOptions& options) const;

  // How well the bank's patterns can be told apart under dynamics(). `bins` of the histogram, or the default.
  absl::StatusOr<v1::SeparationReport> ReportSeparation(std::optional<int32_t> bins) const;

 private:
  BankProbe(Client client, v1::Bank bank, v1::Dynamics dynamics, int64_t max_rows)
      : client_(std::move(client)),
        bank_(std::move(bank)),
        dynamics_(std::move(dynamics)),
        max_rows_(max_rows) {}

  absl::Status ValidateVersion(int64_t version) const;

  Client client_;
  v1::Bank bank_;
  v1::Dynamics dynamics_;
  // States in a request.
  int64_t max_rows_;
};

// INVALID_ARGUMENT: `queries`, if there are any, have another dimension than the bank.
absl::Status ValidateQueries(const Rows& queries, const BankProbe& probe);

// `defaults` with what `given` sets in their place.
v1::Dynamics Override(const v1::Dynamics& defaults, const v1::Dynamics& given);

}  // namespace engram::cli

#endif  // ENGRAM_CLIENT_CLI_BANK_PROBE_H_
