#include "core/engine/streamed_update.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/base/canonical.h"
#include "core/base/euclidean_norm.h"
#include "core/transform/blocked_sum.h"
#include "core/transform/post_transform_error.h"

namespace engram {
namespace {

// beta times by how much a score lies below the largest.
double Theta(const Dynamics& dynamics, const StreamedSoftmax& stream, float score) {
  return dynamics.beta * stream.scale * (static_cast<double>(score) - static_cast<double>(stream.largest));
}

}  // namespace

absl::StatusOr<StateUpdate> ComputeStreamedUpdate(const Dynamics& dynamics, const StreamedSoftmax& stream) {
  StateUpdate update;
  update.total_weight = 1;
  update.scaled_conjugate =
      stream.scale * static_cast<double>(stream.largest) + std::log(stream.total) / dynamics.beta;
  update.next = Apply(dynamics.post_transform, stream.combination, dynamics.beta);
  const bool fits = std::all_of(update.next.begin(), update.next.end(), [](double x) {
    return std::abs(x) <= static_cast<double>(std::numeric_limits<float>::max());
  });
  if (!fits) return absl::InternalError("softmax: a streamed update gave a state that is not a number");
  return update;
}

double StreamedErrorBound(const Dynamics& dynamics, const StreamedSoftmax& stream,
                          absl::Span<const double> next) {
  const double after =
      ErrorAfter(dynamics.post_transform, stream.combination, dynamics.beta, stream.error_bound);
  // Rounding of `next` to float32, and that of the post-transformation in double.
  const double rounding =
      EuclideanNorm(next) * (0x1p-24 + 0x1p-40) + std::sqrt(static_cast<double>(next.size())) * 0x1p-149;
  return 1.0001 * (after + rounding);
}

StreamedSupport TakeStreamedSupport(const BankSnapshot& bank, const Dynamics& dynamics,
                                    const StreamedSoftmax& stream, int64_t max_support) {
  StreamedSupport result;
  result.support_size = stream.support_size;
  std::vector<Survivor> members;
  for (const StreamMember& member : stream.members) {
    members.push_back({stream.scale * static_cast<double>(member.score), bank.id(member.row), member.row});
  }
  const int64_t wanted = std::min(max_support, result.support_size);
  std::partial_sort(members.begin(), members.begin() + wanted, members.end(),
                    [](const Survivor& a, const Survivor& b) {
                      return a.score != b.score ? a.score > b.score : a.id < b.id;
                    });
  members.resize(wanted);
  for (const Survivor& member : members) {
    const double theta = dynamics.beta * (member.score - stream.scale * static_cast<double>(stream.largest));
    result.weights.push_back(std::exp(theta) / stream.total);
  }
  result.support = std::move(members);
  return result;
}

std::vector<double> RecallStreamedValue(const BankSnapshot& bank, const Dynamics& dynamics,
                                        const StreamedSoftmax& stream) {
  const int64_t value_dim = bank.settings().value_dim;
  std::vector<double> value(value_dim, 0.0);
  if (value_dim == 0) return value;
  const CanonicalArithmetic& arithmetic = BestCanonicalArithmetic();
  // Backends name them in any order; sums have one.
  std::vector<StreamMember> members = stream.members;
  const auto is_before = [](const StreamMember& a, const StreamMember& b) {
    return a.row.segment != b.row.segment ? a.row.segment < b.row.segment : a.row.index < b.row.index;
  };
  if (!std::is_sorted(members.begin(), members.end(), is_before)) {
    std::sort(members.begin(), members.end(), is_before);
  }
  for (const StreamMember& member : members) {
    const double weight = std::exp(Theta(dynamics, stream, member.score)) / stream.total;
    arithmetic.add_scaled(weight, bank.value(member.row).data(), value.data(), value_dim);
  }
  return value;
}

}  // namespace engram
