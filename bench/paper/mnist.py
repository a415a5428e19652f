"""Counts sizes of metastable states on MNIST's test images.

The paper: Santos, Niculae, McNamee, Martins (2024), "Hopfield-Fenchel-Young Networks", the table of metastable states
on MNIST. It memorises the 60,000 training images and takes the 10,000 test images as queries: pixels in [-1, 1],
5 updates, beta 0.1 and 1, and the size is the number of patterns with weight (with more than 0.01 for softmax) in the
last update. With the test images alone there are two tables, neither of them the paper's:

* unseen: the first 9,000 images are the patterns, the last 1,000 the queries. As in the paper, but for the number of
  patterns and for what the images are.
* masked: all 10,000 are patterns; 1,000 of them, drawn by a seed, are the queries, with their lower half set to 0.

Some queries are retrieved by NumPy in double precision too, and the sizes compared. Both have the same numbers and
compute in double precision, but not in the same order, so that a weight as close to its threshold as rounding may count
either way. Such are the queries whose size is another one in NumPy too when beta is changed by NUDGE, which is many
roundings and changes every score by as much; they alone may differ.
"""

import sys

import numpy as np

import definitions
import images
from experiment import Results, binomial_error, connect, parse_options, to_dynamics

UPDATES = 5
BETAS = (0.1, 1.0)
QUERIES = 1000
TRANSFORMATIONS = (
    definitions.Softmax(),
    definitions.Entmax(1.5),
    definitions.Entmax(2),
    definitions.Normmax(2),
    definitions.Normmax(5),
    definitions.KSubsets(2),
    definitions.KSubsets(4),
    definitions.KSubsets(8),
)

# What counts as weight for softmax; at most 100 patterns can have more.
SOFTMAX_WEIGHT = 0.01
MAX_SUPPORT = 100

# The largest size with a column of its own.
LARGEST_SIZE = 10

# Queries that NumPy retrieves too.
CHECKED = 20

# Relative change of beta that shows which of them have a weight at its threshold.
NUDGE = 1e-9


def threshold(transformation):
    return SOFTMAX_WEIGHT if isinstance(transformation, definitions.Softmax) else 0


def size(retrieval, transformation):
    if not isinstance(transformation, definitions.Softmax):
        return retrieval.support_size
    return sum(weight > SOFTMAX_WEIGHT for weight in retrieval.support_weights)


def expected_sizes(patterns, queries, beta, transformation):
    states = queries
    for _ in range(UPDATES):
        states, weights = definitions.update(patterns, states, beta, transformation, definitions.IdentityPost())
    return (weights > threshold(transformation)).sum(axis=1)


def unseen(digits, _):
    return digits[:-QUERIES], digits[-QUERIES:]


def masked(digits, seed):
    queries = digits[np.random.default_rng(seed).permutation(len(digits))[:QUERIES]]
    queries[:, queries.shape[1] // 2 :] = 0
    return digits, queries


def add_row(results, memory, bank, patterns, queries, beta, transformation):
    name = (f"{beta:g}", transformation.label)
    dynamics = to_dynamics(beta, transformation, updates=UPDATES)
    _, retrievals = memory.retrieve(bank, queries, dynamics, MAX_SUPPORT)
    sizes = np.array([size(retrieval, transformation) for retrieval in retrievals])
    below, expected, above = (
        expected_sizes(patterns, queries[:CHECKED], beta * (1 + nudge), transformation) for nudge in (-NUDGE, 0, NUDGE)
    )
    different = sizes[:CHECKED] != expected
    undecided = (below != expected) | (above != expected)
    shares = np.bincount(np.minimum(sizes, LARGEST_SIZE + 1), minlength=LARGEST_SIZE + 2) / len(sizes)
    error = max(binomial_error(share, len(sizes)) for share in shares)
    percents = [f"{100 * share:.1f}" for share in shares]
    results.row(
        not (different & ~undecided).any(),
        *name,
        *percents,
        f"{100 * error:.1f}",
        f"{different.sum()}/{CHECKED}",
        f"{undecided.sum()}",
    )


def main():
    options = parse_options(__doc__, seed=1)
    digits = images.read_mnist(options)
    results = Results(
        f"Percent of {QUERIES} queries by size after {UPDATES} updates; softmax: p > {SOFTMAX_WEIGHT:g}."
        "\nStandard error: the largest one of a row, in points."
        f"\nDifferent: of the first {CHECKED} queries, those of which NumPy finds another size; +-: those with a weight"
        f" at its threshold, which may."
    )
    columns = [f"{each}" for each in range(LARGEST_SIZE + 1)] + [f"> {LARGEST_SIZE}", "standard error", "different", "+-"]
    with connect(options.server) as memory:
        for protocol in (unseen, masked):
            patterns, queries = protocol(digits, options.seed)
            results.heading(f"{protocol.__name__}: {len(patterns)} patterns", "beta", "transformation", *columns)
            with memory.bank(patterns) as bank:
                for beta in BETAS:
                    for transformation in TRANSFORMATIONS:
                        add_row(results, memory, bank, patterns, queries, beta, transformation)
    return results.conclude()


if __name__ == "__main__":
    sys.exit(main())
