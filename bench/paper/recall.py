"""Recalls one memory after another, freely and in sequence, on scikit-learn's digits.

The paper: Santos, Niculae, McNamee, Martins (2024), "Hopfield-Fenchel-Young Networks", the section on memory
retrieval modelling. M images, drawn by a seed, are the patterns and the first of them the query; beta 0.1 and
20 updates for each memory. The unique memory ratio is the share of the M patterns that were recalled; the Levenshtein
coefficient of sequential recall is 1 - d / M, where d is the edit distance of what was recalled to 1, 2, ..., M, the
patterns after the first. The paper has figures, of other images: there is nothing to compare the ratios with.

Free recall of up to 16 patterns and sequential recall of up to 8 are compared with NumPy in double precision: the lists
have to be the same. Longer ones depend on rounding. The authors' sequential recall leaves beta out of its updates; here it has a
beta of 1, in the step to the next pair too, which the penalty dominates anyhow.
"""

import statistics
import sys

import numpy as np

import definitions
import images
from experiment import Results, api, connect, parse_options, to_dynamics, to_matrix

BETA = 0.1
SEQUENTIAL_BETA = 1.0
UPDATES = 20
SIZES = (2, 8, 16, 32, 128)
SEEDS = range(5)

# The paper's, and the service's defaults.
STRENGTH = 1e9
DECAY = 1e-3
BONUS = 1.1

TRANSFORMATIONS = (definitions.Softmax(), definitions.Entmax(1.5), definitions.Entmax(2))


def settle(patterns, state, transformation, beta=BETA):
    """The state after UPDATES updates, and the weights of the last one."""
    for _ in range(UPDATES):
        state, weights = definitions.update(patterns, state, beta, transformation, definitions.IdentityPost())
    return state, weights[0]


def expected_used_up(patterns, _):
    """Free recall by constrained sparsemax: the patterns recalled, in order."""
    state, left, recalled = patterns[:1], np.ones(len(patterns)), []
    for _ in patterns:
        state, weights = settle(patterns, state, definitions.ConstrainedSparsemax(left))
        left = np.maximum(left - weights, 0)
        recalled.append(int(weights.argmax()))
    return recalled


def expected_penalty(patterns, transformation):
    """Free recall by a penalty: the patterns recalled, in order."""
    state, recent, recalled = patterns[:1], np.zeros(len(patterns)), []
    for _ in patterns:
        weights = transformation.weights(BETA * (state @ patterns.T - STRENGTH * recent))
        recent = DECAY * weights[0] + (1 - DECAY) * recent
        state, weights = settle(patterns, weights @ patterns, transformation)
        recalled.append(int(weights.argmax()))
    return recalled


def expected_sequential(patterns, transformation):
    """Sequential recall: the patterns recalled, in order."""
    state, recent, recalled = patterns[:1], np.zeros(len(patterns)), []
    for _ in patterns:
        pair = definitions.ContiguousPairs().weights(SEQUENTIAL_BETA * (state @ patterns.T - STRENGTH * recent))
        state, weights = settle(patterns, pair @ patterns - state, transformation, SEQUENTIAL_BETA)
        recent = DECAY * (pair[0] - BONUS * weights) + (1 - DECAY) * recent
        recalled.append(int(weights.argmax()))
    return recalled


class Mode:
    """A kind of recall: its name, the field of the request, the transformation, what NumPy makes of it, and of up to
    how many patterns."""

    def __init__(self, label, field, transformation, expected, largest_compared):
        self.label = label
        self.field = field
        self.transformation = transformation
        self.expected = expected
        self.largest_compared = largest_compared
        beta = SEQUENTIAL_BETA if field == "sequential" else BETA
        # The service counts the update with the penalty too.
        self.dynamics = to_dynamics(beta, transformation, updates=UPDATES + (field != "used_up"))

    def recall(self, memory, bank, patterns):
        request = api.RecallRequest(bank=bank, query=to_matrix(patterns[:1]), dynamics=self.dynamics)
        getattr(request, self.field).SetInParent()
        return [response.id for response in memory.stub.Recall(request)]


MODES = (
    Mode("used up", "used_up", None, expected_used_up, 16),
    *(Mode(f"penalty, {each.label}", "penalty", each, expected_penalty, 16) for each in TRANSFORMATIONS),
    *(Mode(f"sequential, {each.label}", "sequential", each, expected_sequential, 8) for each in TRANSFORMATIONS),
)


def edit_distance(one, other):
    """Levenshtein's: the fewest insertions, deletions and replacements that make one the other."""
    distances = list(range(len(other) + 1))
    for i, left in enumerate(one, start=1):
        diagonal, distances[0] = distances[0], i
        for j, right in enumerate(other, start=1):
            best = min(distances[j] + 1, distances[j - 1] + 1, diagonal + (left != right))
            diagonal, distances[j] = distances[j], best
    return distances[-1]


def quartiles(values):
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return f"{middle:.3f} [{low:.3f}, {high:.3f}]"


def add_row(results, memory, digits, mode, size):
    recalled, same = [], []
    for seed in SEEDS:
        patterns = digits[np.random.default_rng(seed).permutation(len(digits))[:size]]
        with memory.bank(patterns) as bank:
            recalled.append(mode.recall(memory, bank, patterns))
        if size <= mode.largest_compared:
            same.append(recalled[-1] == mode.expected(patterns, mode.transformation))
    cells = [mode.label, f"{size}", quartiles([len(set(each)) / size for each in recalled])]
    if mode.field == "sequential":
        order = range(1, size + 1)
        cells.append(quartiles([1 - edit_distance(each, order) / size for each in recalled]))
    else:
        cells.append("")
    if same:
        results.row(all(same), *cells, f"{sum(same)}/{len(same)}")
    else:
        results.note(*cells, "")


def main():
    options = parse_options(__doc__)
    digits = images.read_digits(options)
    results = Results(
        f"beta = {BETA:g}, sequential {SEQUENTIAL_BETA:g}; {UPDATES} updates."
        f"\nRatio and coefficient: median and quartiles of {len(SEEDS)} seeds. Same: lists that are NumPy's."
    )
    results.heading("", "recall", "patterns", "unique memory ratio", "Levenshtein coefficient", "same")
    with connect(options.server) as memory:
        for mode in MODES:
            for size in SIZES:
                add_row(results, memory, digits, mode, size)
    return results.conclude()


if __name__ == "__main__":
    sys.exit(main())
