#include "core/engine/trajectory.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "core/base/canonical.h"
#include "core/engine/members.h"
#include "core/engine/state_update.h"

namespace engram {
namespace {

double Inner(absl::Span<const double> a, absl::Span<const double> b) {
  double sum = 0;
  for (size_t j = 0; j < a.size(); ++j) sum += a[j] * b[j];
  return sum;
}

void AddScaled(double scale, absl::Span<const double> row, double* sum) {
  for (size_t j = 0; j < row.size(); ++j) sum[j] += scale * row[j];
}

// Goes back through the updates of one query, last first.
class BackwardPass {
 public:
  BackwardPass(const BankSnapshot& bank, const Dynamics& dynamics, const Trajectory& trajectory)
      : bank_(bank), dynamics_(dynamics), dim_(bank.settings().dim), value_dim_(bank.settings().value_dim) {
    for (const Trajectory::Update& update : trajectory.updates()) {
      for (const Survivor& survivor : update.support) gradient_.ids.push_back(survivor.id);
    }
    std::sort(gradient_.ids.begin(), gradient_.ids.end());
    gradient_.ids.erase(std::unique(gradient_.ids.begin(), gradient_.ids.end()), gradient_.ids.end());
    gradient_.patterns.assign(gradient_.ids.size() * dim_, 0.0);
    gradient_.values.assign(gradient_.ids.size() * value_dim_, 0.0);
  }

  // From the cotangent of what `update` made, [D], to that of the state that it began with. Adds the
  // gradients with respect to beta, patterns and values; `value_cotangent` is empty but for the last update.
  std::vector<double> PullBackUpdate(const Trajectory::Update& update, std::vector<double> cotangent,
                                     absl::Span<const double> value_cotangent) {
    PullBackPost(update, absl::MakeSpan(cotangent));
    // v = X g + V h, one for each member, in the order in which the transformation visits them.
    SurvivorList members_list = update.support;
    const Members members(bank_, dynamics_, &members_list);
    const absl::Span<const Survivor> survivors = members.survivors();
    const std::vector<double> weights = WeightsOf(update, survivors);
    const CanonicalArithmetic& arithmetic = BestCanonicalArithmetic();
    std::vector<double> slopes(survivors.size());
    for (size_t i = 0; i < survivors.size(); ++i) {
      slopes[i] = arithmetic.dot(bank_.pattern(survivors[i].row).data(), cotangent.data(), dim_);
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
      AddScaled(weights[i], cotangent, gradient_.patterns.data() + place * dim_);
      AddScaled(scaled, update.state, gradient_.patterns.data() + place * dim_);
      AddScaled(weights[i], value_cotangent, gradient_.values.data() + place * value_dim_);
    }
    return earlier;
  }

  RetrievalGradient Finish(std::vector<double> query) && {
    gradient_.query = std::move(query);
    return std::move(gradient_);
  }

 private:
  // From the cotangent of post(z) to that of z; adds the gradient with respect to the beta of tanh(beta z),
  // which is z diag(tanh') = J z / beta.
  void PullBackPost(const Trajectory::Update& update, absl::Span<double> cotangent) {
    if (std::holds_alternative<IdentityPost>(dynamics_.post_transform)) return;
    const std::vector<double> z = CombinePatterns(bank_, update.support, update.weights);
    if (std::holds_alternative<Tanh>(dynamics_.post_transform)) {
      std::vector<double> slope(z.size());
      JacobianProduct(dynamics_.post_transform, z, dynamics_.beta, z, absl::MakeSpan(slope));
      gradient_.beta += Inner(cotangent, slope) / dynamics_.beta;
    }
    JacobianProduct(dynamics_.post_transform, z, dynamics_.beta, cotangent, cotangent);
  }

  // The weights of `update` in the order of `survivors`, which are its support.
  static std::vector<double> WeightsOf(const Trajectory::Update& update,
                                       absl::Span<const Survivor> survivors) {
    std::vector<double> weights;
    weights.reserve(survivors.size());
    for (const Survivor& survivor : survivors) {
      const auto it = std::lower_bound(update.support.begin(), update.support.end(), survivor.id,
                                       [](const Survivor& member, uint64_t id) { return member.id < id; });
      weights.push_back(update.weights[it - update.support.begin()]);
    }
    return weights;
  }

  int64_t PlaceOf(uint64_t id) const {
    return std::lower_bound(gradient_.ids.begin(), gradient_.ids.end(), id) - gradient_.ids.begin();
  }

  const BankSnapshot& bank_;
  const Dynamics& dynamics_;
  const int64_t dim_;
  const int64_t value_dim_;
  RetrievalGradient gradient_;
};

}  // namespace

void Trajectory::Add(std::vector<double> state, std::vector<Survivor> support, std::vector<double> weights) {
  member_count_ += static_cast<int64_t>(support.size());
  for (const Survivor& survivor : support) ids_.insert(survivor.id);
  updates_.push_back({std::move(state), std::move(support), std::move(weights)});
}

int64_t Trajectory::memory_bytes(const BankSnapshot& bank) const {
  constexpr auto kDouble = static_cast<int64_t>(sizeof(double));
  const int64_t states = static_cast<int64_t>(updates_.size()) * bank.settings().dim * kDouble;
  const int64_t members = member_count_ * (static_cast<int64_t>(sizeof(Survivor)) + kDouble);
  const int64_t gradients =
      static_cast<int64_t>(ids_.size()) * (bank.settings().dim + bank.settings().value_dim + 1) * kDouble;
  return states + members + gradients;
}

RetrievalGradient PullBack(const BankSnapshot& bank, const Dynamics& dynamics, const Trajectory& trajectory,
                           absl::Span<const double> cotangent, absl::Span<const double> value_cotangent) {
  assert(!trajectory.updates().empty());
  BackwardPass pass(bank, dynamics, trajectory);
  std::vector<double> current(cotangent.begin(), cotangent.end());
  const auto& updates = trajectory.updates();
  for (auto update = updates.rbegin(); update != updates.rend(); ++update) {
    const bool is_last = update == updates.rbegin();
    current = pass.PullBackUpdate(*update, std::move(current),
                                  is_last ? value_cotangent : absl::Span<const double>());
  }
  return std::move(pass).Finish(std::move(current));
}

}  // namespace engram
