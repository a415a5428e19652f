"""The configurations of the founding paper's figures: a few patterns in the plane, and a query.

The scripts of the authors draw them with torch.random.manual_seed(42), torch.randn in float64. The same numbers come
from the definition of that generator, without torch.
"""

import math

import numpy as np

SEED = 42
DRAWS = 10
PATTERNS = 5
DIM = 2

# The draws that the figures show.
CONFIGURATIONS = (0, 3, 8, 9)

# Grid points along a side, and the margin around the patterns.
SIDE = 100
MARGIN = 0.1


class TorchNormal:
    """What torch.randn gives on a CPU for fewer than 16 numbers of float64.

    The generator is MT19937. Two of its outputs make 64 bits, of which the lower 53 make a uniform number; two of those
    make two normal ones by Box and Muller, the second of which is kept for the next call.
    """

    def __init__(self, seed):
        self._outputs = np.random.RandomState(seed)
        self._kept = None

    def _uniform(self):
        high, low = self._outputs.randint(0, 1 << 32, size=2, dtype=np.uint32)
        return (((int(high) << 32) | int(low)) & ((1 << 53) - 1)) * 2.0**-53

    def _normal(self):
        if self._kept is not None:
            kept, self._kept = self._kept, None
            return kept
        turn, tail = self._uniform(), self._uniform()
        radius = math.sqrt(-2 * math.log1p(-tail))
        self._kept = radius * math.sin(2 * math.pi * turn)
        return radius * math.cos(2 * math.pi * turn)

    def draw(self, rows, cols):
        assert rows * cols < 16, "larger tensors are made in another order"
        return np.array([[self._normal() for _ in range(cols)] for _ in range(rows)])


# What torch prints for torch.manual_seed(42); torch.randn(4).
assert np.allclose(TorchNormal(SEED).draw(1, 4), [0.3367, 0.1288, 0.2345, 0.2303], atol=5e-5)


def configurations():
    """Patterns [N, DIM], not normalised, and query [DIM] of each of CONFIGURATIONS."""
    random = TorchNormal(SEED)
    drawn = [(random.draw(PATTERNS, DIM), random.draw(DIM, 1)[:, 0]) for _ in range(DRAWS)]
    drawn[0] = (np.array([[-1.0, -1], [-1, 1], [1, -1]]), np.zeros(DIM))
    return {number: drawn[number] for number in CONFIGURATIONS}


def on_sphere(points):
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def grid(patterns):
    """SIDE^2 points [SIDE^2, 2] over the box around the first two coordinates of the patterns."""
    low, high = patterns[:, :2].min(axis=0) - MARGIN, patterns[:, :2].max(axis=0) + MARGIN
    x, y = np.meshgrid(np.linspace(low[0], high[0], SIDE), np.linspace(low[1], high[1], SIDE))
    return np.column_stack([x.ravel(), y.ravel()])


def update(patterns, states, beta, transformation):
    """X^T p of each state, before any post-transformation.

    What is added up for a component is sorted first. So a state on an axis of symmetry of the patterns stays on it, as
    it does in exact arithmetic; otherwise rounding would push it off, and many updates make much of that.
    """
    scores = sum(np.outer(states[:, d], patterns[:, d]) for d in range(patterns.shape[1]))
    weights = transformation.weights(beta * scores)
    return np.sort(weights[:, :, None] * patterns, axis=1).sum(axis=1)
