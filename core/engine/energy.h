#ifndef ENGRAM_CORE_ENGINE_ENERGY_H_
#define ENGRAM_CORE_ENGINE_ENERGY_H_

#include "absl/types/span.h"
#include "core/bank/bank_snapshot.h"
#include "core/engine/state_update.h"
#include "core/transform/dynamics.h"

namespace engram {

// The Hopfield-Fenchel-Young energy of a state q,
//
//   E(q) = -Omega*(beta X q) / beta + Psi(q) + C,   C = -Omega(u) / beta + R^2 / 2,
//
// with Psi of the post-transformation (|q|^2 / 2 for the identity; +infinity outside its range), Omega 0 at
// the vertices of its domain, u = argmin Omega (equal weights, where their sum is fixed) and R = k M, where k
// is that sum and M the largest norm of a pattern; R = 0 for transformations that are not confined. Equal
// weights also stand for u where an edge score or bounds of weights move argmin Omega elsewhere; the concave
// part below may then be positive. E is the sum of a concave and a convex part,
//
//   concave = -L_Omega(beta X q; u) / beta,   convex = Psi(q) - <q, X^T u> + R^2 / 2.
//
// Source: Martins, Niculae, McNamee (2023), eq. (7), for the simplex; Santos et al. (2025), eq. (6).
struct StateEnergy {
  double total = 0;
  double concave = 0;
  double convex = 0;
  double offset = 0;         // C; does not depend on q.
  double gradient_norm = 0;  // |q - T(q)|, T one update.
  // min { 2 R^2, C }: in the hull of the patterns 0 <= E <= upper_bound. +infinity where there is no such
  // bound.
  double upper_bound = 0;
};

// The energy of `state` [D], given its update. REQUIRES: the bank has patterns.
StateEnergy ComputeEnergy(const BankSnapshot& bank, const Dynamics& dynamics, absl::Span<const double> state,
                          const StateUpdate& update);

}  // namespace engram

#endif  // ENGRAM_CORE_ENGINE_ENERGY_H_
