#include "core/engine/backward_pass.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/base/canonical.h"
#include "core/base/error.h"
#include "core/engine/members.h"
#include "core/engine/state_update.h"

namespace engram {
namespace {

// Support entries of one Continue(), about a hundred milliseconds' worth.
constexpr int64_t kWorkPerTurn = 1'000'000;

double Inner(absl::Span<const double> a, absl::Span<const double> b) {
  double sum = 0;
  for (size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
  return sum;
}

void AddScaled(double scale, absl::Span<const double> row, double* sum) {
  for (size_t j = 0; j < row.size(); ++j) sum[j] += scale * row[j];
}

// The weights of `update` in the order of `survivors`, which are its support.
std::vector<double> WeightsOf(const Trajectory::Update& update, absl::Span<const Survivor> survivors) {
  std::vector<double> weights;
  weights.reserve(survivors.size());
  for (const Survivor& survivor : survivors) {
    const auto it = std::lower_bound(update.support.begin(), update.support.end(), survivor.id,
                                     [](const Survivor& member, uint64_t id) { return member.id < id; });
    weights.push_back(update.weights[it - update.support.begin()]);
  }
  return weights;
}

bool IsFinite(absl::Span<const double> numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); });
}

absl::Status OutOfRange() {
  ErrorDetails details;
  details.reason = "GRADIENT_OUT_OF_RANGE";
  details.field = "dynamics.max_iterations";
  return MakeError(
      absl::StatusCode::kInvalidArgument, details,
      "dynamics.max_iterations: a gradient is larger than a double can be; ask for fewer updates or "
      "a lower beta");
}

}  // namespace

BackwardPass::BackwardPass(const BankSnapshot& bank, const Dynamics& dynamics, const Trajectory& trajectory,
                           absl::Span<const double> cotangent, absl::Span<const double> value_cotangent)
    : bank_(bank),
      dynamics_(dynamics),
      trajectory_(trajectory),
      value_cotangent_(value_cotangent),
      dim_(bank.settings().dim),
      value_dim_(bank.settings().value_dim),
      cotangent_(cotangent.begin(), cotangent.end()),
      left_(trajectory.updates().size()) {
  assert(left_ > 0);
  for (const Trajectory::Update& update : trajectory.updates()) {
    for (const Survivor& survivor : update.support) gradient_.ids.push_back(survivor.id);
  }
  std::sort(gradient_.ids.begin(), gradient_.ids.end());
  gradient_.ids.erase(std::unique(gradient_.ids.begin(), gradient_.ids.end()), gradient_.ids.end());
  gradient_.patterns.assign(gradient_.ids.size() * dim_, 0.0);
  gradient_.values.assign(gradient_.ids.size() * value_dim_, 0.0);
}

bool BackwardPass::Continue() {
  // Sequences are found anew for each Jacobian, which may take long for few members.
  const int64_t least = std::holds_alternative<SequentialKSubsets>(dynamics_.transform) ? kWorkPerTurn : 1;
  const size_t last = trajectory_.updates().size();
  for (int64_t work = 0; left_ > 0 && work < kWorkPerTurn; --left_) {
    const Trajectory::Update& update = trajectory_.updates()[left_ - 1];
    PullBack(update, left_ == last ? value_cotangent_ : absl::Span<const double>());
    work += std::max(least, static_cast<int64_t>(update.support.size()));
  }
  return left_ == 0;
}

absl::StatusOr<RetrievalGradient> BackwardPass::Finish() {
  gradient_.query = std::move(cotangent_);
  if (IsFinite(gradient_.query) && IsFinite(gradient_.patterns) && IsFinite(gradient_.values) &&
      std::isfinite(gradient_.beta)) {
    return std::move(gradient_);
  }
  return OutOfRange();
}

void BackwardPass::PullBack(const Trajectory::Update& update, absl::Span<const double> value_cotangent) {
  PullBackPost(update);
  // v = X g + V h, one for each member, in the order in which the transformation visits them.
  SurvivorList support = update.support;
  const Members members(bank_, dynamics_, &support);
  const absl::Span<const Survivor> survivors = members.survivors();
  const std::vector<double> weights = WeightsOf(update, survivors);
  const CanonicalArithmetic& arithmetic = BestCanonicalArithmetic();
  std::vector<double> slopes(survivors.size());
  for (size_t i = 0; i < survivors.size(); ++i) {
    slopes[i] = arithmetic.dot(bank_.pattern(survivors[i].row).data(), cotangent_.data(), dim_);
    if (!value_cotangent.empty()) {
      slopes[i] += arithmetic.dot(bank_.value(survivors[i].row).data(), value_cotangent.data(), value_dim_);
    }
  }
  JacobianProduct(dynamics_.transform, members.scores(), weights, slopes, absl::MakeSpan(slopes));
  // theta = beta X q, so that dq = beta X^T u, dX = p g^T + beta u q^T, dV = p h^T, dbeta = <u, X q>. The u
  // of a confined transformation sum to 0, and scores less a constant lose fewer digits.
  std::vector<double> earlier(dim_, 0.0);
  for (size_t i = 0; i < survivors.size(); ++i) {
    const double scaled = dynamics_.beta * slopes[i];
    arithmetic.add_scaled(scaled, bank_.pattern(survivors[i].row).data(), earlier.data(), dim_);
    gradient_.beta += slopes[i] * (survivors[i].score - members.reference());
    const int64_t place = PlaceOf(survivors[i].id);
    AddScaled(weights[i], cotangent_, gradient_.patterns.data() + place * dim_);
    AddScaled(scaled, update.state, gradient_.patterns.data() + place * dim_);
    AddScaled(weights[i], value_cotangent, gradient_.values.data() + place * value_dim_);
  }
  cotangent_ = std::move(earlier);
}

void BackwardPass::PullBackPost(const Trajectory::Update& update) {
  if (std::holds_alternative<IdentityPost>(dynamics_.post_transform)) return;
  const std::vector<double> z = CombinePatterns(bank_, update.support, update.weights);
  if (std::holds_alternative<Tanh>(dynamics_.post_transform)) {
    // The gradient with respect to the beta of tanh(beta z) is z diag(tanh') = J z / beta.
    std::vector<double> slope(z.size());
    JacobianProduct(dynamics_.post_transform, z, dynamics_.beta, z, absl::MakeSpan(slope));
    gradient_.beta += Inner(cotangent_, slope) / dynamics_.beta;
  }
  JacobianProduct(dynamics_.post_transform, z, dynamics_.beta, cotangent_, absl::MakeSpan(cotangent_));
}

int64_t BackwardPass::PlaceOf(uint64_t id) const {
  return std::lower_bound(gradient_.ids.begin(), gradient_.ids.end(), id) - gradient_.ids.begin();
}

}  // namespace engram
