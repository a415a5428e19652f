#include "server/fill_response.h"

#include <cstring>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"

namespace engram {
namespace {

// A wire matrix [rows, cols] that is filled row by row.
class MatrixFiller {
 public:
  MatrixFiller(int64_t rows, int64_t cols, v1::MatrixEncoding encoding, v1::Matrix* matrix)
      : matrix_(matrix), floats_(encoding == v1::MATRIX_ENCODING_FLOATS) {
    matrix->set_rows(rows);
    matrix->set_cols(cols);
    if (floats_) {
      matrix->mutable_values()->Reserve(static_cast<int>(rows * cols));
    } else {
      matrix->mutable_data()->reserve(rows * cols * sizeof(float));
    }
  }

  void AddRow(absl::Span<const float> row) {
    if (floats_) {
      matrix_->mutable_values()->Add(row.begin(), row.end());
    } else {
      matrix_->mutable_data()->append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
    }
  }

  void AddRounded(absl::Span<const double> row) {
    const std::vector<float> rounded(row.begin(), row.end());
    AddRow(rounded);
  }

 private:
  v1::Matrix* const matrix_;
  const bool floats_;
};

absl::Status CheckFits(int64_t bytes, const Limits& limits) {
  if (bytes <= limits.max_message_bytes) return absl::OkStatus();
  ErrorDetails details;
  details.reason = "MESSAGE_TOO_LARGE";
  details.metadata = {{"got", absl::StrCat(bytes)}, {"allowed", absl::StrCat(limits.max_message_bytes)}};
  return MakeError(
      absl::StatusCode::kResourceExhausted, details,
      absl::StrCat("the response would take ", bytes, " bytes, allowed ", limits.max_message_bytes,
                   "; ask for less, or raise --max-message-bytes on both sides"));
}

// Of `count` patterns in a response, their payloads aside; an id takes up to 10 bytes.
int64_t PatternBytes(int64_t count, const BankSettings& bank) {
  return count * ((bank.dim + bank.value_dim) * 4 + 14);
}

v1::StopReason FillStopReason(StopReason reason) {
  switch (reason) {
    case StopReason::kFixedPoint:
      return v1::STOP_REASON_FIXED_POINT;
    case StopReason::kTolerance:
      return v1::STOP_REASON_TOLERANCE;
    case StopReason::kLimit:
      return v1::STOP_REASON_LIMIT;
  }
  return v1::STOP_REASON_UNSPECIFIED;
}

struct TransformFiller {
  v1::Dynamics* wire;
  void operator()(const Softmax&) const { wire->mutable_softmax(); }
  void operator()(const Entmax& entmax) const { wire->mutable_entmax()->set_alpha(entmax.alpha()); }
  void operator()(const KSubsets& k_subsets) const { wire->mutable_k_subsets()->set_k(k_subsets.k()); }
};

int64_t BytesOf(const RetrieveResult& result, const v1::SupportParts& parts) {
  const BankSettings& settings = result.bank.settings();
  // Ids take up to 10 bytes, weights 8; 128 are more than the other fields of a retrieval need.
  int64_t bytes_per_entry = 18;
  if (parts.patterns()) bytes_per_entry += settings.dim * 4;
  if (parts.values()) bytes_per_entry += settings.value_dim * 4;
  int64_t bytes = 0;
  for (const Retrieval& retrieval : result.retrievals) {
    bytes += 128 + (settings.dim + settings.value_dim) * 4;
    bytes += bytes_per_entry * static_cast<int64_t>(retrieval.support.size());
    if (!parts.payloads()) continue;
    for (const Survivor& survivor : retrieval.support) {
      bytes += 4 + static_cast<int64_t>(result.bank.payload(survivor.row).size());
    }
  }
  return bytes;
}

void FillSupport(const BankSnapshot& bank, const Retrieval& retrieval, const v1::SupportParts& parts,
                 v1::MatrixEncoding encoding, v1::Retrieval* wire) {
  const auto count = static_cast<int64_t>(retrieval.support.size());
  for (const Survivor& survivor : retrieval.support) wire->add_support_ids(survivor.id);
  wire->mutable_support_weights()->Add(retrieval.weights.begin(), retrieval.weights.end());
  if (parts.patterns()) {
    MatrixFiller patterns(count, bank.settings().dim, encoding, wire->mutable_support_patterns());
    for (const Survivor& survivor : retrieval.support) patterns.AddRow(bank.pattern(survivor.row));
  }
  if (parts.values()) {
    MatrixFiller values(count, bank.settings().value_dim, encoding, wire->mutable_support_values());
    for (const Survivor& survivor : retrieval.support) values.AddRow(bank.value(survivor.row));
  }
  if (parts.payloads()) {
    for (const Survivor& survivor : retrieval.support) {
      wire->add_support_payloads(std::string(bank.payload(survivor.row)));
    }
  }
}

}  // namespace

v1::Durability FillDurability(Durability durability) {
  switch (durability) {
    case Durability::kVolatile:
      return v1::DURABILITY_VOLATILE;
    case Durability::kRelaxed:
      return v1::DURABILITY_RELAXED;
    case Durability::kSynced:
      return v1::DURABILITY_SYNCED;
  }
  return v1::DURABILITY_UNSPECIFIED;
}

v1::Dynamics FillDynamics(const Dynamics& dynamics) {
  v1::Dynamics wire;
  wire.set_beta(dynamics.beta);
  std::visit(TransformFiller{&wire}, dynamics.transform);
  wire.mutable_post_transformation()->mutable_identity();
  wire.set_max_iterations(dynamics.max_iterations);
  wire.set_tolerance(dynamics.tolerance);
  return wire;
}

v1::Bank FillBank(const MemoryBank& bank) {
  const BankSettings& settings = bank.settings();
  const BankSnapshot snapshot = bank.Pin();
  v1::Bank wire;
  wire.set_name(settings.name);
  wire.set_dim(settings.dim);
  wire.set_value_dim(settings.value_dim);
  *wire.mutable_default_dynamics() = FillDynamics(settings.default_dynamics);
  wire.mutable_limits()->set_max_patterns(settings.max_patterns);
  wire.set_durability(FillDurability(settings.durability));
  wire.set_pattern_count(snapshot.pattern_count());
  wire.set_version(snapshot.version());
  wire.set_memory_bytes(bank.memory_bytes());
  wire.set_largest_norm(snapshot.largest_norm());
  const int64_t nanoseconds = absl::ToUnixNanos(settings.create_time);
  wire.mutable_create_time()->set_seconds(nanoseconds / 1'000'000'000);
  wire.mutable_create_time()->set_nanos(static_cast<int32_t>(nanoseconds % 1'000'000'000));
  return wire;
}

absl::Status CheckStoreFits(int64_t count, const Limits& limits) {
  return CheckFits(count * 10 + 32, limits);
}

absl::Status CheckPatternsFit(int64_t count, const BankSettings& bank, const Limits& limits) {
  return CheckFits(PatternBytes(count, bank), limits);
}

absl::StatusOr<v1::GetPatternsResponse> FillGetPatterns(const v1::GetPatternsRequest& request,
                                                        const MemoryBank::FoundPatterns& found,
                                                        v1::MatrixEncoding encoding, const Limits& limits) {
  const BankSettings& settings = found.snapshot.settings();
  const auto count = static_cast<int64_t>(found.rows.size());
  int64_t bytes = PatternBytes(count, settings);
  for (const RowRef row : found.rows) bytes += static_cast<int64_t>(found.snapshot.payload(row).size());
  ENGRAM_RETURN_IF_ERROR(CheckFits(bytes, limits));
  v1::GetPatternsResponse response;
  *response.mutable_ids() = request.ids();
  MatrixFiller patterns(count, settings.dim, encoding, response.mutable_patterns());
  for (const RowRef row : found.rows) {
    patterns.AddRow(found.snapshot.pattern(row));
    response.add_payloads(std::string(found.snapshot.payload(row)));
  }
  if (settings.value_dim > 0) {
    MatrixFiller values(count, settings.value_dim, encoding, response.mutable_values());
    for (const RowRef row : found.rows) values.AddRow(found.snapshot.value(row));
  }
  response.set_version(found.snapshot.version());
  return response;
}

absl::StatusOr<v1::RetrieveResponse> FillRetrieve(const RetrieveResult& result, const Dynamics& dynamics,
                                                  const v1::SupportParts& parts, v1::MatrixEncoding encoding,
                                                  const Limits& limits) {
  ENGRAM_RETURN_IF_ERROR(CheckFits(BytesOf(result, parts), limits));
  const BankSettings& settings = result.bank.settings();
  const auto count = static_cast<int64_t>(result.retrievals.size());
  v1::RetrieveResponse response;
  response.set_version(result.bank.version());
  MatrixFiller states(count, settings.dim, encoding, response.mutable_states());
  for (const Retrieval& retrieval : result.retrievals) {
    states.AddRounded(retrieval.state);
    v1::Retrieval* wire = response.add_retrievals();
    FillSupport(result.bank, retrieval, parts, encoding, wire);
    wire->set_support_size(retrieval.support_size);
    wire->set_total_weight(TotalWeight(dynamics.transform));
    wire->set_iterations(retrieval.iterations);
    wire->set_stop_reason(FillStopReason(retrieval.stop_reason));
    wire->set_residual(retrieval.residual);
    wire->set_sweeps(retrieval.sweeps);
    if (retrieval.energy_before.has_value()) wire->set_energy_before(*retrieval.energy_before);
    if (retrieval.energy_after.has_value()) wire->set_energy_after(*retrieval.energy_after);
    wire->set_exact(retrieval.exact);
  }
  if (settings.value_dim > 0) {
    MatrixFiller values(count, settings.value_dim, encoding, response.mutable_values());
    for (const Retrieval& retrieval : result.retrievals) values.AddRounded(retrieval.value);
  }
  return response;
}

v1::EnergyResponse FillEnergy(const EnergyResult& result) {
  v1::EnergyResponse response;
  response.set_version(result.bank.version());
  for (const StateEnergy& energy : result.energies) {
    v1::StateEnergy* wire = response.add_energies();
    wire->set_total(energy.total);
    wire->set_concave(energy.concave);
    wire->set_convex(energy.convex);
    wire->set_offset(energy.offset);
    wire->set_gradient_norm(energy.gradient_norm);
    wire->set_upper_bound(energy.upper_bound);
  }
  return response;
}

}  // namespace engram
