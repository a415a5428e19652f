"""Computes the energy landscapes and trajectories of the founding paper's figures.

The paper: Martins, Niculae, McNamee (2023), "Sparse modern Hopfield networks". It shows pictures: the energy at each
point of a 100 x 100 grid over the patterns, and the path of 1000 updates that begins at X^T softmax(X q0); beta = 1.
Here the energies, and where the path ends, are compared with what NumPy finds in double precision. The service has
patterns and states in float32, so both may differ by about 1e-7.

In the authors' scripts the energy of 5-normmax has the entropy of 2-normmax: their pictures of it are different.
"""

import sys

import numpy as np

import definitions
import plane
from basins import TRANSFORMATIONS
from experiment import Results, api, connect, parse_options, to_dynamics, to_matrix

BETA = 1.0
UPDATES = 1000
ALLOWED_DIFFERENCE = 1e-6

# The draw whose patterns are symmetric. A path along the axis may lead to a saddle point, where rounding decides whether
# it stays or to which side it leaves: NumPy's paths begin at X^T softmax(X q0) and to either side, and do one each.
SYMMETRIC_DRAW = 0
NUDGES = ((0, 0), (1e-8, -1e-8), (-1e-8, 1e-8))


def energies(patterns, states, transformation):
    """E(q) = -Omega*(beta X q) / beta + |q|^2 / 2 - Omega(u) / beta + R^2 / 2 of each state; R is the largest norm."""
    theta = BETA * states @ patterns.T
    weights = transformation.weights(theta)
    conjugate = (theta * weights).sum(axis=1) - transformation.negentropy(weights)
    uniform = np.full((1, len(patterns)), 1 / len(patterns))
    offset = -transformation.negentropy(uniform)[0] / BETA + (patterns**2).sum(axis=1).max() / 2
    return -conjugate / BETA + (states**2).sum(axis=1) / 2 + offset


def retrieved_energies(memory, bank, states, dynamics):
    batch = memory.capabilities.limits.max_batch
    requests = (
        api.EnergyRequest(bank=bank, states=to_matrix(states[first : first + batch]), dynamics=dynamics)
        for first in range(0, len(states), batch)
    )
    return np.array([energy.total for request in requests for energy in memory.stub.Energy(request).energies])


def end_of_path(patterns, start, transformation):
    state = start
    for _ in range(UPDATES):
        before, state = state, plane.update(patterns, state, BETA, transformation)
        if (state == before).all():
            break
    return state


def add_row(results, memory, number, rows, query, transformation):
    name = (f"{number}", transformation.label)
    patterns = plane.on_sphere(rows)
    points = plane.grid(patterns)
    start = plane.update(patterns, query[None], 1.0, definitions.Softmax())
    dynamics = to_dynamics(BETA, transformation, updates=UPDATES)
    with memory.bank(patterns) as bank:
        ours = retrieved_energies(memory, bank, points, dynamics)
        ends, _ = memory.retrieve(bank, start, dynamics)
    energy_difference = np.abs(ours - energies(patterns, points, transformation)).max()
    nudges = NUDGES if number == SYMMETRIC_DRAW else NUDGES[:1]
    expected_ends = [end_of_path(patterns, start + nudge, transformation) for nudge in nudges]
    end_difference = min(np.abs(ends - end).max() for end in expected_ends)
    results.row(
        max(energy_difference, end_difference) <= ALLOWED_DIFFERENCE,
        *name,
        f"{ours.min():.6f}",
        f"{ours.max():.6f}",
        f"{energy_difference:.0e}",
        f"({ends[0, 0]:.6f}, {ends[0, 1]:.6f})",
        f"{end_difference:.0e}",
    )


def main():
    options = parse_options(__doc__)
    results = Results(
        f"Energies on a {plane.SIDE} x {plane.SIDE} grid and the end of {UPDATES} updates, beta = {BETA:g}."
        f"\nDifference: the largest one to what NumPy finds; allowed is {ALLOWED_DIFFERENCE:g}."
    )
    columns = ("draw", "transformation", "least energy", "largest", "difference", "end of the path", "difference")
    results.heading("", *columns)
    with connect(options.server) as memory:
        for number, (rows, query) in plane.configurations().items():
            for transformation in TRANSFORMATIONS:
                add_row(results, memory, number, rows, query, transformation)
    return results.conclude()


if __name__ == "__main__":
    sys.exit(main())
