#include "client/cli/bank_probe.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/cli/number_text.h"
#include "client/cli/wire_rows.h"

namespace engram::cli {
namespace {

// Rows of `rows` from `begin` on, at most `count`.
Rows Slice(const Rows& rows, int64_t begin, int64_t count) {
  const int64_t end = std::min(rows.count(), begin + count);
  const auto first = rows.values.begin();
  return {rows.cols, std::vector<float>(first + begin * rows.cols, first + end * rows.cols)};
}

absl::Status ValidateCount(int64_t got, int64_t expected) {
  if (got == expected) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the response has ", got, " results for ", expected, " states"));
}

}  // namespace

absl::Status ValidateQueries(const Rows& queries, const BankProbe& probe) {
  if (queries.count() == 0 || queries.cols == probe.bank().dim()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("queries.cols: got ", queries.cols, ", bank '",
                                                 probe.bank().name(), "' has dim ", probe.bank().dim()));
}

v1::Dynamics Override(const v1::Dynamics& defaults, const v1::Dynamics& given) {
  v1::Dynamics dynamics = defaults;
  // Merging would keep the parameters of a transformation that is given again without them.
  if (given.transformation_case() != v1::Dynamics::TRANSFORMATION_NOT_SET) dynamics.clear_transformation();
  if (given.has_post_transformation()) dynamics.clear_post_transformation();
  dynamics.MergeFrom(given);
  return dynamics;
}

absl::StatusOr<BankProbe> BankProbe::Make(const std::string& bank, const v1::Dynamics& given,
                                          const Context& context) {
  Client client = context.connect(context.connection);
  absl::StatusOr<v1::Bank> described = client.GetBank(bank);
  if (!described.ok()) return described.status();
  const absl::StatusOr<v1::GetCapabilitiesResponse> server = client.GetCapabilities();
  if (!server.ok()) return server.status();
  // Half a message: the answer to states, their reports, is larger than they are.
  const int64_t row_bytes = std::max<int64_t>(1, described->dim()) * static_cast<int64_t>(sizeof(float));
  const int64_t fits = context.connection.max_message_bytes / 2 / row_bytes;
  const int64_t max_rows = std::max<int64_t>(1, std::min(server->limits().max_batch(), fits));
  v1::Dynamics dynamics = Override(described->default_dynamics(), given);
  return BankProbe(std::move(client), *std::move(described), std::move(dynamics), max_rows);
}

absl::Status BankProbe::ValidateVersion(int64_t version) const {
  if (version == bank_.version()) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("bank '", bank_.name(), "' changed from version ", bank_.version(),
                                         " to ", version, " meanwhile: try again"));
}

absl::StatusOr<BankPatterns> BankProbe::ReadPatterns(int64_t limit) const {
  if (bank_.pattern_count() > limit) {
    return absl::InvalidArgumentError(
        absl::StrCat("bank '", bank_.name(), "': got ", CountText(bank_.pattern_count()),
                     " patterns, allowed are ", CountText(limit), " in this picture"));
  }
  // Softmax of equal scores, those of the zero vector, has every pattern in its support.
  v1::RetrieveRequest request;
  request.set_bank(bank_.name());
  *request.mutable_queries() =
      ToWire({bank_.dim(), std::vector<float>(static_cast<size_t>(bank_.dim()), 0.0F)});
  request.mutable_dynamics()->mutable_softmax();
  request.mutable_dynamics()->set_max_iterations(1);
  request.mutable_dynamics()->mutable_post_transformation()->mutable_identity();
  request.set_max_support(limit);
  request.mutable_support_parts()->set_patterns(true);
  request.set_omit_energy(true);
  const absl::StatusOr<v1::RetrieveResponse> response = client_.Retrieve(request);
  if (!response.ok()) return response.status();
  if (const absl::Status status = ValidateVersion(response->version()); !status.ok()) return status;
  if (const absl::Status status = ValidateCount(response->retrievals_size(), 1); !status.ok()) return status;
  const v1::Retrieval& retrieval = response->retrievals(0);
  absl::StatusOr<Rows> patterns = FromWire(retrieval.support_patterns(), retrieval.support_ids_size());
  if (!patterns.ok()) return patterns.status();
  return BankPatterns{{retrieval.support_ids().begin(), retrieval.support_ids().end()}, *std::move(patterns)};
}

absl::StatusOr<Recalled> BankProbe::Retrieve(const Rows& queries, const v1::Dynamics& dynamics,
                                             const ProbeOptions& options) const {
  Recalled all{{queries.cols, {}}, {}};
  for (int64_t begin = 0; begin < queries.count(); begin += max_rows_) {
    const Rows batch = Slice(queries, begin, max_rows_);
    v1::RetrieveRequest request;
    request.set_bank(bank_.name());
    *request.mutable_queries() = ToWire(batch);
    *request.mutable_dynamics() = dynamics;
    request.set_omit_energy(options.omit_energy);
    const absl::StatusOr<v1::RetrieveResponse> response = client_.Retrieve(request);
    if (!response.ok()) return response.status();
    if (const absl::Status status = ValidateVersion(response->version()); !status.ok()) return status;
    if (const absl::Status status = ValidateCount(response->retrievals_size(), batch.count()); !status.ok())
      return status;
    const absl::StatusOr<Rows> states = FromWire(response->states(), batch.count());
    if (!states.ok()) return states.status();
    all.states.values.insert(all.states.values.end(), states->values.begin(), states->values.end());
    all.retrievals.insert(all.retrievals.end(), response->retrievals().begin(), response->retrievals().end());
    if (options.progress) options.progress(all.states.count());
  }
  return all;
}

absl::StatusOr<std::vector<double>> BankProbe::Energies(const Rows& states,
                                                        const ProbeOptions& options) const {
  std::vector<double> energies;
  for (int64_t begin = 0; begin < states.count(); begin += max_rows_) {
    const Rows batch = Slice(states, begin, max_rows_);
    v1::EnergyRequest request;
    request.set_bank(bank_.name());
    *request.mutable_states() = ToWire(batch);
    *request.mutable_dynamics() = dynamics_;
    const absl::StatusOr<v1::EnergyResponse> response = client_.Energy(request);
    if (!response.ok()) return response.status();
    if (const absl::Status status = ValidateVersion(response->version()); !status.ok()) return status;
    if (const absl::Status status = ValidateCount(response->energies_size(), batch.count()); !status.ok())
      return status;
    for (const v1::StateEnergy& energy : response->energies()) energies.push_back(energy.total());
    if (options.progress) options.progress(static_cast<int64_t>(energies.size()));
  }
  return energies;
}

absl::StatusOr<v1::SeparationReport> BankProbe::ReportSeparation(std::optional<int32_t> bins) const {
  v1::ReportSeparationRequest request;
  request.set_bank(bank_.name());
  *request.mutable_dynamics() = dynamics_;
  if (bins.has_value()) request.set_bins(*bins);
  absl::StatusOr<v1::SeparationReport> report = client_.ReportSeparation(request);
  if (!report.ok()) return report.status();
  if (const absl::Status status = ValidateVersion(report->version()); !status.ok()) return status;
  return report;
}

}  // namespace engram::cli
