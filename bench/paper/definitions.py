"""The maps of the papers in NumPy, written from their definitions: double precision, none of the service's code.

Shapes: patterns X [N, D], states Q [B, D], scores theta = beta Q X^T [B, N], weights P [B, N].
Every transformation has a `label`, `set` to choose it in the API's Dynamics, and `weights`; every post-transformation has
the same but for `apply` in place of `weights`.
"""

import numpy as np

# Halvings that exhaust a double's mantissa from any bracket that comes up.
BISECTION_STEPS = 64

# Many more than Newton's method needs, about 10.
NEWTON_STEPS = 100


def _bisect(excess, low, high):
    """Roots [B, 1] of decreasing functions that are not negative at `low`."""
    for _ in range(BISECTION_STEPS):
        middle = (low + high) / 2
        above = excess(middle) > 0
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return low


def _threshold(scores, exponent):
    """The tau [B, 1] at which sum_i [scores_i - tau]_+^exponent is 1; exponent >= 1, the largest score of a row is 0.

    The sum is convex and falls with tau, and is at least 1 at -1: from there Newton's steps approach without passing.
    """
    tau = np.full((len(scores), 1), -1.0)
    for _ in range(NEWTON_STEPS):
        excess = np.maximum(scores - tau, 0)
        slopes = np.where(excess > 0, excess ** (exponent - 1), 0)
        total = (slopes * excess).sum(axis=1, keepdims=True)
        step = np.maximum((total - 1) / (exponent * slopes.sum(axis=1, keepdims=True)), 0)
        tau = tau + step
        # Smaller steps are rounding.
        if step.max() < 1e-15:
            break
    return tau


def _in_window(theta, window, solve):
    """Weights [B, N] that `solve` gives to the largest scores of each row, those above `window`; others get 0."""
    count = int((theta > window).sum(axis=1).max())
    columns = np.argpartition(-theta, count - 1, axis=1)[:, :count]
    weights = np.zeros_like(theta)
    np.put_along_axis(weights, columns, solve(np.take_along_axis(theta, columns, axis=1)), axis=1)
    return weights


class Softmax:
    """Omega(p) = sum_i p_i log p_i on the simplex."""

    label = "softmax"

    def set(self, dynamics):
        dynamics.softmax.SetInParent()

    def weights(self, theta):
        exponentials = np.exp(theta - theta.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def negentropy(self, weights):
        positive = np.where(weights > 0, weights, 1)
        return (positive * np.log(positive)).sum(axis=1)


class Entmax:
    """Omega(p) = (sum_i p_i^alpha - 1) / (alpha (alpha - 1)) on the simplex; 1 < alpha <= 2."""

    def __init__(self, alpha):
        self.alpha = alpha
        self.label = f"{alpha:g}-entmax"

    def set(self, dynamics):
        dynamics.entmax.alpha = self.alpha

    def weights(self, theta):
        scores = (self.alpha - 1) * (theta - theta.max(axis=1, keepdims=True))
        return _in_window(scores, -1, self._solve)

    def _solve(self, scores):
        exponent = 1 / (self.alpha - 1)
        weights = np.maximum(scores - _threshold(scores, exponent), 0) ** exponent
        return weights / weights.sum(axis=1, keepdims=True)

    def negentropy(self, weights):
        return ((weights**self.alpha).sum(axis=1) - 1) / (self.alpha * (self.alpha - 1))


class Normmax:
    """Omega(p) = |p|_gamma - 1 on the simplex."""

    def __init__(self, gamma):
        self.gamma = gamma
        self.label = f"{gamma:g}-normmax"

    def set(self, dynamics):
        dynamics.normmax.gamma = self.gamma

    def weights(self, theta):
        return _in_window(theta - theta.max(axis=1, keepdims=True), -1, self._solve)

    def _solve(self, scores):
        tau = _threshold(scores, self.gamma / (self.gamma - 1))
        weights = np.maximum(scores - tau, 0) ** (1 / (self.gamma - 1))
        return weights / weights.sum(axis=1, keepdims=True)

    def negentropy(self, weights):
        return (weights**self.gamma).sum(axis=1) ** (1 / self.gamma) - 1


class KSubsets:
    """Omega(p) = (|p|^2 - k) / 2 on { 0 <= p <= 1, sum p = k }."""

    def __init__(self, k):
        self.k = k
        self.label = f"{k}-subsets"

    def set(self, dynamics):
        dynamics.k_subsets.k = self.k

    def weights(self, theta):
        kth = -np.partition(-theta, self.k - 1, axis=1)[:, self.k - 1 : self.k]
        return _in_window(theta - kth, -1, self._solve)

    def _solve(self, scores):
        clipped = lambda tau: np.clip(scores - tau, 0, 1)
        ones = np.ones((len(scores), 1))
        return clipped(_bisect(lambda tau: clipped(tau).sum(axis=1, keepdims=True) - self.k, -ones, 0 * ones))


class ConstrainedSparsemax:
    """Omega(p) = (|p|^2 - 1) / 2 on { 0 <= p <= u, sum p = 1 }."""

    label = "constrained sparsemax"

    def __init__(self, upper_bounds):
        self.upper_bounds = upper_bounds

    def weights(self, theta):
        clipped = lambda tau: np.clip(theta - tau, 0, self.upper_bounds)
        low = theta.min(axis=1, keepdims=True) - self.upper_bounds.max()
        return clipped(
            _bisect(lambda tau: clipped(tau).sum(axis=1, keepdims=True) - 1, low, theta.max(axis=1, keepdims=True))
        )


class ContiguousPairs:
    """Omega(p) = |p|^2 / 2 on the hull of e_i + e_{i+1}; for one row of few scores."""

    def weights(self, theta):
        count = theta.shape[1]
        pairs = np.eye(count)[:-1] + np.eye(count)[1:]
        best, best_value = None, -np.inf
        # The maximum lies inside of one face, those of its pairs, where the gradient is the same for each of them.
        for face in range(1, 1 << len(pairs)):
            rows = pairs[[i for i in range(len(pairs)) if face >> i & 1]]
            system = np.ones((len(rows) + 1, len(rows) + 1))
            system[:-1, :-1], system[-1, -1] = rows @ rows.T, 0
            shares = np.linalg.solve(system, np.append(rows @ theta[0], 1))[:-1]
            if (shares < 0).any():
                continue
            weights = shares @ rows
            value = theta[0] @ weights - weights @ weights / 2
            if value > best_value:
                best, best_value = weights, value
        return best[None]


class Identity:
    """p = theta."""

    label = "identity"

    def set(self, dynamics):
        dynamics.identity.SetInParent()

    def weights(self, theta):
        return theta


class RectifiedPolynomial:
    """p = [theta]_+^degree."""

    def __init__(self, degree):
        self.degree = degree
        self.label = f"[t]+^{degree}"

    def set(self, dynamics):
        dynamics.polynomial.degree = self.degree
        dynamics.polynomial.rectified = True

    def weights(self, theta):
        return np.maximum(theta, 0) ** self.degree


class Exponential:
    """p = exp(theta)."""

    label = "exp"

    def set(self, dynamics):
        dynamics.exponential.SetInParent()

    def weights(self, theta):
        return np.exp(theta)


class IdentityPost:
    """The state is left as it is."""

    label = "none"

    def set(self, dynamics):
        dynamics.post_transformation.identity.SetInParent()

    def apply(self, states, beta):
        return states


class L2Normalize:
    """z / |z|; the zero vector stays as it is."""

    label = "l2"

    def set(self, dynamics):
        dynamics.post_transformation.l2_normalize.SetInParent()

    def apply(self, states, beta):
        norms = np.linalg.norm(states, axis=1, keepdims=True)
        return states / np.where(norms > 0, norms, 1)


class LayerNorm:
    """(z - mean z) / sqrt(var z + eps), biased variance."""

    label = "layer norm"

    def __init__(self, eps=1e-5):
        self.eps = eps

    def set(self, dynamics):
        dynamics.post_transformation.layer_norm.eps = self.eps

    def apply(self, states, beta):
        deviations = states - states.mean(axis=1, keepdims=True)
        return deviations / np.sqrt((deviations**2).mean(axis=1, keepdims=True) + self.eps)


class Tanh:
    """tanh(beta z)."""

    label = "tanh"

    def set(self, dynamics):
        dynamics.post_transformation.tanh.SetInParent()

    def apply(self, states, beta):
        return np.tanh(beta * states)


def update(patterns, states, beta, transformation, post):
    """One update of each state, and the weights that it gave."""
    weights = transformation.weights(beta * states @ patterns.T)
    used = weights.any(axis=0)
    return post.apply(weights[:, used] @ patterns[used], beta), weights
