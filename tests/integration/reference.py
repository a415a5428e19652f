"""What the service computes, written again in NumPy from the definitions: slow, double precision.

Shapes: patterns X [N, D], a state q [D], scores theta = beta X q [N], weights p [N].
"""

import numpy as np

# Halvings that exhaust a double's mantissa from any finite bracket.
BISECTION_STEPS = 200


def _bisect(excess, low, high):
    """The root of a decreasing function that is positive at `low`."""
    for _ in range(BISECTION_STEPS):
        middle = (low + high) / 2
        if excess(middle) > 0:
            low = middle
        else:
            high = middle
    return low


class Softmax:
    """Omega(p) = sum_i p_i log p_i on the simplex."""

    total_weight = 1

    def set(self, dynamics):
        dynamics.softmax.SetInParent()

    def weights(self, theta):
        exponentials = np.exp(theta - theta.max())
        return exponentials / exponentials.sum()

    def negentropy(self, p):
        positive = p[p > 0]
        return float(positive @ np.log(positive))


class Entmax:
    """Omega(p) = (sum_i p_i^alpha - 1) / (alpha (alpha - 1)) on the simplex."""

    total_weight = 1

    def __init__(self, alpha):
        self.alpha = alpha

    def set(self, dynamics):
        dynamics.entmax.alpha = self.alpha

    def weights(self, theta):
        scores = (self.alpha - 1) * (theta - theta.max())
        power = lambda tau: np.maximum(scores - tau, 0) ** (1 / (self.alpha - 1))
        p = power(_bisect(lambda tau: power(tau).sum() - 1, -1.0, 0.0))
        return p / p.sum()

    def negentropy(self, p):
        return float(((p**self.alpha).sum() - 1) / (self.alpha * (self.alpha - 1)))


class KSubsets:
    """Omega(p) = (|p|^2 - k) / 2 on { 0 <= p <= 1, sum p = k }."""

    def __init__(self, k):
        self.k = self.total_weight = k

    def set(self, dynamics):
        dynamics.k_subsets.k = self.k

    def weights(self, theta):
        clipped = lambda tau: np.clip(theta - tau, 0, 1)
        return clipped(_bisect(lambda tau: clipped(tau).sum() - self.k, theta.min() - 1, theta.max()))

    def negentropy(self, p):
        return float((p @ p - self.k) / 2)


TRANSFORMATIONS = {
    "softmax": Softmax(),
    "entmax 1.25": Entmax(1.25),
    "entmax 1.5": Entmax(1.5),
    "sparsemax": Entmax(2),
    "entmax 3": Entmax(3),
    "1-subsets": KSubsets(1),
    "3-subsets": KSubsets(3),
}


def update(patterns, beta, transformation, state):
    """One update: the weights and the next state."""
    p = transformation.weights(beta * (patterns @ state))
    return p, patterns.T @ p


def retrieve(patterns, beta, transformation, query, updates):
    """The weights of the last of `updates` updates, and the state after it."""
    state = np.asarray(query, np.float64)
    for _ in range(updates):
        p, state = update(patterns, beta, transformation, state)
    return p, state


def energy(patterns, beta, transformation, state):
    """The parts of the energy, named and defined as in StateEnergy."""
    n = len(patterns)
    theta = beta * (patterns @ state)
    p = transformation.weights(theta)
    conjugate = theta @ p - transformation.negentropy(p)
    uniform = np.full(n, transformation.total_weight / n)
    largest = transformation.total_weight * np.linalg.norm(patterns, axis=1).max()
    mean = patterns.T @ uniform
    offset = -transformation.negentropy(uniform) / beta + largest**2 / 2
    loss = transformation.negentropy(uniform) + conjugate - theta @ uniform
    return {
        "total": -conjugate / beta + state @ state / 2 + offset,
        "concave": -loss / beta,
        "convex": ((state - mean) @ (state - mean) + largest**2 - mean @ mean) / 2,
        "offset": offset,
        "upper_bound": min(2 * largest**2, offset),
        "gradient_norm": np.linalg.norm(state - patterns.T @ p),
    }
