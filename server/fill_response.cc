#include "server/fill_response.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/base/error.h"
#include "core/base/status_macros.h"
#include "server/matrix_filler.h"
#include "server/message_fits.h"
#include "server/scan_cursor.h"

namespace engram {
namespace {

// Of an id in a response, and of what else the response to a Store or a chunk has.
constexpr int64_t kMaxIdBytes = 10;
constexpr int64_t kStoreOverhead = 128;

// Of a pattern in a response besides its row and its value: an id takes up to 10 bytes, the length of a
// payload up to 4.
constexpr int64_t kBytesPerPattern = 14;
// Of what a message of a scan has besides patterns.
constexpr int64_t kScanOverhead = 128;

// Of `count` patterns in a response, their payloads aside.
int64_t PatternBytes(int64_t count, const BankSettings& bank) {
  return count * ((bank.dim + bank.value_dim) * 4 + kBytesPerPattern);
}

struct TransformFiller {
  v1::Dynamics* wire;
  void operator()(const Softmax&) const { wire->mutable_softmax(); }
  void operator()(const Entmax& entmax) const { wire->mutable_entmax()->set_alpha(entmax.alpha()); }
  void operator()(const Normmax& normmax) const { wire->mutable_normmax()->set_gamma(normmax.gamma()); }
  void operator()(const KSubsets& k_subsets) const { wire->mutable_k_subsets()->set_k(k_subsets.k()); }
  void operator()(const SequentialKSubsets& subsets) const {
    wire->mutable_sequential_k_subsets()->set_k(subsets.k());
    wire->mutable_sequential_k_subsets()->set_edge(subsets.edge());
  }
  void operator()(const ConstrainedSparsemax& sparsemax) const {
    const absl::Span<const double> bounds = sparsemax.upper_bounds();
    wire->mutable_constrained_sparsemax()->mutable_upper_bounds()->Add(bounds.begin(), bounds.end());
  }
  void operator()(const Identity&) const { wire->mutable_identity(); }
  void operator()(const Polynomial& polynomial) const {
    wire->mutable_polynomial()->set_degree(polynomial.degree());
    wire->mutable_polynomial()->set_rectified(polynomial.rectified());
  }
  void operator()(const Exponential&) const { wire->mutable_exponential(); }
};

struct PostTransformFiller {
  v1::PostTransformation* wire;
  void operator()(const IdentityPost&) const { wire->mutable_identity(); }
  void operator()(const L2Normalize&) const { wire->mutable_l2_normalize(); }
  void operator()(const LayerNorm& layer_norm) const {
    wire->mutable_layer_norm()->set_eps(layer_norm.eps());
  }
  void operator()(const Tanh&) const { wire->mutable_tanh(); }
  void operator()(const Sign&) const { wire->mutable_sign(); }
};

int64_t BytesOf(const RetrieveResult& result, const v1::SupportParts& parts) {
  const BankSettings& settings = result.bank.settings();
  // Ids take up to 10 bytes, weights 8; 160 are more than the other fields of a retrieval need.
  int64_t bytes_per_entry = 18;
  if (parts.patterns()) bytes_per_entry += settings.dim * 4;
  if (parts.values()) bytes_per_entry += settings.value_dim * 4;
  int64_t bytes = 0;
  for (const Retrieval& retrieval : result.retrievals) {
    bytes += 160 + (settings.dim + settings.value_dim) * 4;
    bytes += bytes_per_entry * static_cast<int64_t>(retrieval.support.size());
    if (!parts.payloads()) continue;
    for (const Survivor& survivor : retrieval.support) {
      bytes += 4 + static_cast<int64_t>(result.bank.payload(survivor.row).size());
    }
  }
  return bytes;
}

// What does not change with the patterns.
v1::Bank FillSettings(const BankSettings& settings) {
  v1::Bank wire;
  wire.set_name(settings.name);
  wire.set_dim(settings.dim);
  wire.set_value_dim(settings.value_dim);
  *wire.mutable_default_dynamics() = FillDynamics(settings.default_dynamics);
  wire.mutable_limits()->set_max_patterns(settings.max_patterns);
  wire.set_durability(FillDurability(settings.durability));
  wire.set_screening(FillScreening(settings.screening));
  const int64_t nanoseconds = absl::ToUnixNanos(settings.create_time);
  wire.mutable_create_time()->set_seconds(nanoseconds / 1'000'000'000);
  wire.mutable_create_time()->set_nanos(static_cast<int32_t>(nanoseconds % 1'000'000'000));
  return wire;
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

v1::Screening FillScreening(Screening screening) {
  switch (screening) {
    case Screening::kInt8:
      return v1::SCREENING_INT8;
    case Screening::kNone:
      return v1::SCREENING_NONE;
  }
  return v1::SCREENING_UNSPECIFIED;
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

v1::Dynamics FillDynamics(const Dynamics& dynamics) {
  v1::Dynamics wire;
  wire.set_beta(dynamics.beta);
  std::visit(TransformFiller{&wire}, dynamics.transform);
  std::visit(PostTransformFiller{wire.mutable_post_transformation()}, dynamics.post_transform);
  wire.set_max_iterations(dynamics.max_iterations);
  wire.set_tolerance(dynamics.tolerance);
  return wire;
}

v1::Bank FillBank(const MemoryBank& bank) {
  const BankSnapshot snapshot = bank.Pin();
  v1::Bank wire = FillSettings(snapshot.settings());
  wire.set_pattern_count(snapshot.pattern_count());
  wire.set_version(snapshot.version());
  wire.set_memory_bytes(bank.memory_bytes());
  wire.set_device_bytes(bank.device_bytes());
  wire.set_largest_norm(snapshot.largest_norm());
  wire.set_state(v1::BANK_STATE_SERVING);
  wire.set_loaded_patterns(snapshot.pattern_count());
  return wire;
}

v1::Bank FillBank(const BankEntry& entry) {
  if (entry.bank != nullptr) return FillBank(*entry.bank);
  v1::Bank wire;
  wire.set_name(entry.name);
  // Of one whose settings could not be read, only a name that was made up is known.
  if (entry.settings->dim > 0) wire = FillSettings(*entry.settings);
  wire.set_pattern_count(entry.counts.pattern_count);
  wire.set_version(entry.counts.version);
  wire.set_state(entry.state == BankEntry::State::kLoading ? v1::BANK_STATE_LOADING
                                                           : v1::BANK_STATE_QUARANTINED);
  wire.set_state_message(std::string(entry.status.message()));
  wire.set_loaded_patterns(entry.loaded_patterns);
  return wire;
}

absl::Status CheckStoreFits(int64_t count, const Limits& limits) {
  return CheckMessageFits(count * kMaxIdBytes + kStoreOverhead, limits);
}

int64_t MaxStoredIds(const Limits& limits) {
  // No chunk has more rows than this, so that each gets one reply.
  constexpr int64_t kMaxChunkRows = Limits::kMaxChunkBytes / static_cast<int64_t>(sizeof(float));
  return std::min(kMaxChunkRows, (limits.max_message_bytes - kStoreOverhead) / kMaxIdBytes);
}

absl::Status CheckPatternsFit(int64_t count, const BankSettings& bank, const Limits& limits) {
  return CheckMessageFits(PatternBytes(count, bank), limits);
}

absl::StatusOr<v1::GetPatternsResponse> FillGetPatterns(const v1::GetPatternsRequest& request,
                                                        const MemoryBank::FoundPatterns& found,
                                                        v1::MatrixEncoding encoding, const Limits& limits) {
  const BankSettings& settings = found.snapshot.settings();
  const auto count = static_cast<int64_t>(found.rows.size());
  int64_t bytes = PatternBytes(count, settings);
  for (const RowRef row : found.rows) bytes += static_cast<int64_t>(found.snapshot.payload(row).size());
  ENGRAM_RETURN_IF_ERROR(CheckMessageFits(bytes, limits));
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

absl::StatusOr<v1::ScanPatternsResponse> FillScanPatterns(const BankSnapshot& bank,
                                                          absl::Span<const RowRef> rows, const ScanCall& call,
                                                          const Limits& limits) {
  const BankSettings& settings = bank.settings();
  const bool has_values = settings.value_dim > 0 && !call.omit_rows;
  const int64_t row_bytes = call.omit_rows ? kBytesPerPattern : PatternBytes(1, settings);
  const bool by_size = call.chunk_patterns == 0;
  const int64_t most =
      by_size ? std::min(limits.max_message_bytes, Limits::kScanMessageBytes) : limits.max_message_bytes;
  const int64_t most_rows = by_size ? Limits::kMaxScanPatterns : call.chunk_patterns;
  int64_t count = 0;
  int64_t bytes = kScanOverhead;
  for (const RowRef row : rows.first(std::min(rows.size(), static_cast<size_t>(most_rows)))) {
    bytes += row_bytes + static_cast<int64_t>(bank.payload(row).size());
    if (count == 0) ENGRAM_RETURN_IF_ERROR(CheckMessageFits(bytes, limits));
    if (count > 0 && bytes > most) break;
    ++count;
  }
  rows = rows.first(count);
  v1::ScanPatternsResponse response;
  for (const RowRef row : rows) {
    response.add_ids(bank.id(row));
    response.add_payloads(std::string(bank.payload(row)));
  }
  if (!call.omit_rows) {
    MatrixFiller patterns(count, settings.dim, call.encoding, response.mutable_patterns());
    for (const RowRef row : rows) patterns.AddRow(bank.pattern(row));
  }
  if (has_values) {
    MatrixFiller values(count, settings.value_dim, call.encoding, response.mutable_values());
    for (const RowRef row : rows) values.AddRow(bank.value(row));
  }
  response.set_next_cursor(MakeScanCursor(bank.id(rows.back()) + 1));
  response.set_version(bank.version());
  return response;
}

absl::Status FillRetrieve(const RetrieveResult& result, const v1::SupportParts& parts,
                          v1::MatrixEncoding encoding, const Limits& limits, v1::RetrieveResponse* response) {
  ENGRAM_RETURN_IF_ERROR(CheckMessageFits(BytesOf(result, parts), limits));
  const BankSettings& settings = result.bank.settings();
  const auto count = static_cast<int64_t>(result.retrievals.size());
  response->set_version(result.bank.version());
  MatrixFiller states(count, settings.dim, encoding, response->mutable_states());
  for (const Retrieval& retrieval : result.retrievals) {
    states.AddRounded(retrieval.state);
    v1::Retrieval* wire = response->add_retrievals();
    FillSupport(result.bank, retrieval, parts, encoding, wire);
    wire->set_support_size(retrieval.support_size);
    wire->set_total_weight(retrieval.total_weight);
    wire->set_iterations(retrieval.iterations);
    wire->set_stop_reason(FillStopReason(retrieval.stop_reason));
    wire->set_residual(retrieval.residual);
    wire->set_sweeps(retrieval.sweeps);
    if (retrieval.energy_before.has_value()) wire->set_energy_before(*retrieval.energy_before);
    if (retrieval.energy_after.has_value()) wire->set_energy_after(*retrieval.energy_after);
    wire->set_exact(retrieval.exact);
    if (retrieval.separation.has_value()) {
      wire->set_separation(*retrieval.separation);
      wire->set_required_separation(retrieval.required_separation);
    }
    if (retrieval.duality_gap.has_value()) wire->set_duality_gap(*retrieval.duality_gap);
    wire->set_arithmetic(retrieval.error_bound.has_value() ? v1::ARITHMETIC_FAST : v1::ARITHMETIC_EXACT);
    if (retrieval.error_bound.has_value()) wire->set_error_bound(*retrieval.error_bound);
  }
  if (settings.value_dim > 0) {
    MatrixFiller values(count, settings.value_dim, encoding, response->mutable_values());
    for (const Retrieval& retrieval : result.retrievals) values.AddRounded(retrieval.value);
  }
  return absl::OkStatus();
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

absl::StatusOr<v1::DifferentiateResponse> FillDifferentiate(const DifferentiateResult& result,
                                                            const Limits& limits) {
  int64_t bytes = 0;
  for (const RetrievalGradient& gradient : result.gradients) {
    const size_t doubles = gradient.query.size() + gradient.patterns.size() + gradient.values.size();
    bytes += 64 + static_cast<int64_t>(8 * doubles + kMaxIdBytes * gradient.ids.size());
  }
  ENGRAM_RETURN_IF_ERROR(CheckMessageFits(bytes, limits));
  v1::DifferentiateResponse response;
  response.set_version(result.bank.version());
  for (const RetrievalGradient& gradient : result.gradients) {
    v1::RetrievalGradient* wire = response.add_gradients();
    wire->mutable_query()->Add(gradient.query.begin(), gradient.query.end());
    wire->set_beta(gradient.beta);
    wire->mutable_ids()->Add(gradient.ids.begin(), gradient.ids.end());
    wire->mutable_patterns()->Add(gradient.patterns.begin(), gradient.patterns.end());
    wire->mutable_values()->Add(gradient.values.begin(), gradient.values.end());
  }
  return response;
}

}  // namespace engram
