"""Counts the basins of attraction of the founding paper's figures.

The paper: Martins, Niculae, McNamee (2023), "Sparse modern Hopfield networks", and Santos et al. (2024),
"Hopfield-Fenchel-Young Networks", which adds the post-transformations. Both show pictures: each point of a 100 x 100
grid over the patterns is coloured by the pattern within 0.001 of which it is after 50 updates. Here each point's
colour is compared with the one that NumPy finds in double precision. Queries are float32 in the service, good to 6e-8:
where an edge between colours passes as close to a point, either is right. The box has sides of at most 2.2, and edges
of a picture are at most some 20 long together, so that of its 10,000 points about 20 * 1.2e-7 / 2.2^2 * 10,000 = 0.005
are that close; 5 may differ. Points on the axis of symmetry of draw 0 are not among them: they stay on it.

The authors' layer norm divides by the unbiased standard deviation, the service's by the biased one. With D = 3 its
states are sqrt(3 / 2) times as long: so are the patterns and queries that it is given, and beta is 2 / 3 of theirs.
"""

import math
import sys

import numpy as np

import definitions
import plane
from experiment import Results, connect, parse_options, to_dynamics

UPDATES = 50
REACHED = 0.001
ALLOWED_POINTS = 5

TRANSFORMATIONS = (
    definitions.Softmax(),
    definitions.Entmax(1.5),
    definitions.Entmax(2),
    definitions.Normmax(2),
    definitions.Normmax(5),
)

# In the authors' scripts: added to norms, and to variances.
NORM_EPS = 1e-6
VARIANCE_EPS = 1e-8


def as_is(points):
    return points


def l2_normalized(points):
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    return np.where(norms > NORM_EPS, points / (norms + NORM_EPS), points)


def layer_normalized(points):
    deviations = points - points.mean(axis=1, keepdims=True)
    return deviations / np.sqrt((deviations**2).sum(axis=1, keepdims=True) / (points.shape[1] - 1) + VARIANCE_EPS)


def balanced(points):
    """A third coordinate that makes the sum 0."""
    return np.column_stack([points, -points.sum(axis=1)])


class Variant:
    """A figure: its beta, and what is done to patterns, grid points and states."""

    def __init__(self, title, beta, post, lift=as_is, rows=plane.on_sphere, states=as_is, scale=1.0):
        self.title = title
        self.beta = beta
        self.post = post
        self.lift = lift
        self.rows = rows
        self.states = states
        # The service's patterns and states are that many times as long.
        self.scale = scale

    def expected(self, patterns, points, transformation):
        states = points.copy()
        moving = np.arange(len(states))
        for _ in range(UPDATES):
            updated = self.states(plane.update(patterns, states[moving], self.beta, transformation))
            moved = (updated != states[moving]).any(axis=1)
            states[moving] = updated
            moving = moving[moved]
            if not moving.size:
                break
        return states

    def retrieved(self, memory, patterns, points, transformation):
        dynamics = to_dynamics(self.beta / self.scale**2, transformation, self.post, UPDATES)
        with memory.bank(self.scale * patterns) as bank:
            states, _ = memory.retrieve(bank, self.scale * points, dynamics)
        return states / self.scale


VARIANTS = (
    Variant("beta = 4", 4.0, definitions.IdentityPost()),
    Variant("beta = 10", 10.0, definitions.IdentityPost()),
    Variant("beta = 4, l2 norm", 4.0, definitions.L2Normalize(), states=l2_normalized),
    Variant(
        "beta = 4, layer norm",
        4.0,
        definitions.LayerNorm(VARIANCE_EPS),
        lift=balanced,
        rows=layer_normalized,
        states=layer_normalized,
        scale=math.sqrt(3 / 2),
    ),
)


def colours(states, patterns):
    """For each state the number of the pattern that it has reached, from 1; 0 for none."""
    distances = np.linalg.norm(states[:, None] - patterns, axis=2)
    # A state that is near two patterns has the colour of the later one.
    attractors = np.zeros(len(states), int)
    for number in range(len(patterns)):
        attractors[distances[:, number] < REACHED] = number + 1
    return attractors


def add_row(results, memory, variant, number, rows, transformation):
    name = (f"{number}", transformation.label)
    patterns = variant.rows(variant.lift(rows))
    points = variant.lift(plane.grid(patterns))
    expected = colours(variant.expected(patterns, points, transformation), patterns)
    ours = colours(variant.retrieved(memory, patterns, points, transformation), patterns)
    different = (ours != expected).sum()
    counts = np.bincount(ours, minlength=len(patterns) + 1)
    cells = [f"{count}" for count in counts[1:]] + [""] * (plane.PATTERNS + 1 - len(counts))
    results.row(different <= ALLOWED_POINTS, *name, *cells, f"{counts[0]}", f"{different}")


def main():
    options = parse_options(__doc__)
    results = Results(
        f"Points of a {plane.SIDE} x {plane.SIDE} grid that are within {REACHED:g} of each pattern after {UPDATES}"
        f" updates.\nDifferent: points of another colour than NumPy's; allowed are {ALLOWED_POINTS}."
    )
    columns = [f"pattern {number + 1}" for number in range(plane.PATTERNS)]
    with connect(options.server) as memory:
        for variant in VARIANTS:
            results.heading(variant.title, "draw", "transformation", *columns, "none", "different")
            for number, (rows, _) in plane.configurations().items():
                for transformation in TRANSFORMATIONS:
                    add_row(results, memory, variant, number, rows, transformation)
    return results.conclude()


if __name__ == "__main__":
    sys.exit(main())
